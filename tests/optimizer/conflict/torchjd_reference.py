"""Writes torchjd.json: what TorchJD makes of random matrices. Needs `pip install torchjd cvxpy clarabel quadprog`.

    python tests/optimizer/conflict/torchjd_reference.py

Kept as a file, since TorchJD brings PyTorch with it.
"""

import json
from importlib.metadata import version
from pathlib import Path

import torch
from torchjd.aggregation import MGDA, CAGrad, PCGrad

SHAPES = ((2, 2), (2, 5), (3, 4), (4, 6), (5, 3), (4, 12), (2, 1))
RADII = (0.0, 0.4, 0.9)


def main() -> None:
    random = torch.Generator().manual_seed(0)
    cases = [case(matrix) for shape in SHAPES for matrix in matrices(*shape, random)]
    content = {"versions": {name: version(name) for name in ("torchjd", "torch")}, "cases": cases}
    Path(__file__).with_name("torchjd.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


def matrices(rows: int, columns: int, random: torch.Generator) -> list[torch.Tensor]:
    """Any, one with two rows in conflict, and one whose rows are all multiples of one."""

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=random, dtype=torch.float64)

    conflict = normal(rows, columns)
    conflict[1] = -conflict[0] + 0.3 * normal(columns)
    return [normal(rows, columns), conflict, torch.outer(normal(rows), normal(columns))]


def case(matrix: torch.Tensor) -> dict[str, object]:
    torch.manual_seed(0)  # PCGrad draws its orders
    return {
        "gradients": matrix.tolist(),
        "pcgrad": PCGrad()(matrix).tolist(),
        "mgda": MGDA(epsilon=1e-12, max_iters=200_000)(matrix).tolist(),
        "cagrad": {str(radius): CAGrad(c=radius)(matrix).tolist() for radius in RADII},
    }


if __name__ == "__main__":
    main()
