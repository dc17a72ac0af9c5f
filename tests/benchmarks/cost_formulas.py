"""The formulas of docs/cost.md beside counted calls: runs of optimize.py on the fake engine with `--reuse off`.

    python -m tests.benchmarks.cost_formulas

Every mode, and for SSC every number in the formulas changed alone: criteria, batch, steps, gate, reserve, test rows,
`--eval-every`, the readout. Then the commands that apply a judge, the peers and the controls.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dspy

from programs import evaluate, optimize, score
from programs.records.folder import read_json, write_json
from tests.benchmarks.prompt_tokens import quietly
from tests.fake import FakeEngine, fake_lm
from tests.measured import KEPT, Figure, keep

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
ROLES = ("judge", "loss", "gradient", "rewrite")
LETTERS = {"Single": "SSSS", "SSS": "CSSS", "SSC": "CSSC", "SCC": "CSCC", "CCC": "CCCC"}
BASE: Mapping[str, Any] = {"mode": "SSC", "K": 4, "S": 3, "b": 3, "val": 12, "reserve": 0.5, "N": 8, "E": 0, "more": ()}
CASES: Sequence[tuple[str, Mapping[str, Any]]] = (
    *((mode, {"mode": mode}) for mode in LETTERS),
    ("2 criteria", {"K": 2}),
    ("batch of 6", {"b": 6}),
    ("6 steps", {"S": 6}),
    ("no steps", {"S": 0}),
    ("24 validation rows", {"val": 24}),
    ("no reserve", {"reserve": 0.0}),
    ("no gate, keep the last", {"val": 0, "more": ("--gate", "none", "--keep", "last")}),
    ("16 test rows", {"N": 16}),
    ("tested after every step", {"E": 1}),
    ("expected readout", {"more": ("--readout", "expected")}),
)
BOUNDED = ("gepa", "miprov2", "copro")


def main() -> int:
    rows = [(name, *counted(BASE | case)) for name, case in CASES]
    same = sum(sent == planned for _, sent, planned in rows)
    bounded = [(name, *counted(BASE | {"S": 6, "more": ("--optimizer", name)}, reuse="on")) for name in BOUNDED]
    under = sum(sum(sent.values()) <= sum(planned.values()) for _, sent, planned in bounded)
    figures = [
        Figure(
            "runs whose counted calls are those of the formulas, by role",
            f"{same} of {len(rows)}",
            "all",
            same == len(rows),
        ),
        Figure(
            "peers that stay within the calls of the same run of SSC",
            f"{under} of {len(bounded)}",
            "all",
            under == len(bounded),
        ),
        *applied(),
    ]
    code = keep("cost-formulas", "speed", 7, "python -m tests.benchmarks.cost_formulas", figures)
    table = [[name, *(f"{sent[role]} / {planned[role]}" for role in ROLES)] for name, sent, planned in rows]
    table += [
        [f"{name}, at most", f"{sum(sent.values())} / {sum(planned.values())} in all", "", "", ""]
        for name, sent, planned in bounded
    ]
    path = KEPT / "cost-formulas.json"
    write_json(path, read_json(path) | {"table": table})
    return code


def formulas(page: str | None = None) -> dict[str, str]:
    """Role -> the formula on the page, as Python reads it."""
    found = re.findall(r"^\| (\w+) \| `([^`]+)` \|$", page or PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {role: formula for role, formula in found if role in ROLES}


def by_formula(case: Mapping[str, Any]) -> Counter[str]:
    """Role -> calls."""
    heads = dict(zip("HLDR", (case["K"] if each == "S" else 1 for each in LETTERS[case["mode"]]), strict=True))
    reserved = int(case["val"] * case["reserve"])
    numbers = {**heads, "S": case["S"], "b": case["b"], "N": case["N"], "G": case["val"] - reserved, "V": reserved}
    numbers |= {"F": min(3, case["S"] + 1), "T": 2 + (case["S"] // case["E"] if case["E"] else 0)}
    return Counter({role: eval(formula, {}, dict(numbers)) for role, formula in formulas().items()})  # our own page


def counted(case: Mapping[str, Any], reuse: str = "off") -> tuple[Counter[str], Counter[str]]:
    """Calls by role as the engine counted them in a run, and by the formulas."""
    engine = FakeEngine()
    criteria = ",".join(f"c{place}:1-5" for place in range(case["K"]))
    sizes = {"train": 12, "val": case["val"] or 2, "test": case["N"], "batch": case["b"]}
    flags = [each for name, size in sizes.items() for each in (f"--{name}-size", str(size))]
    flags += ["--steps", str(case["S"]), "--eval-every", str(case["E"]), "--reserve", str(case["reserve"])]
    with tempfile.TemporaryDirectory() as place, asking(engine):
        data = write_rows(Path(place), case["K"])
        own = [
            "--data",
            str(data),
            "--inputs",
            "text",
            "--criteria",
            criteria,
            "--mode",
            case["mode"],
            "--reuse",
            reuse,
        ]
        quietly(
            optimize.main, [*own, "--accept", "not_worse", *flags, *case["more"], "--runs-dir", place, "--run", "one"]
        )
    return Counter({role: count for role, count in engine.counts().items() if count}), +by_formula(case)


def applied() -> list[Figure]:
    """The calls of the commands that apply a judge: one a head and row, for each order of the criteria."""
    found = []
    for mode, heads, orders in (("SSC", 1, 1), ("Single", 4, 0)):
        engine = FakeEngine()
        with tempfile.TemporaryDirectory() as place, asking(engine):
            data = write_rows(Path(place), 4)
            own = ["--data", str(data), "--inputs", "text", "--criteria", ",".join(f"c{each}:1-5" for each in range(4))]
            sizes = ["--train-size", "6", "--val-size", "6", "--test-size", "6", "--steps", "0", "--mode", mode]
            quietly(optimize.main, [*own, *sizes, "--runs-dir", place, "--run", "one"])
            counts = []
            for command, flags in (
                (evaluate, []),
                (evaluate, ["--orders", "1"] if orders else []),
                (score, ["--out", f"{place}/out.csv"]),
            ):
                engine.asked.clear()
                quietly(command.main, [f"{place}/one", "--data", str(data), *flags])
                counts.append(len(engine.asked))
        expected = [heads * ROWS, heads * ROWS * (1 + orders), heads * ROWS]
        told = ", ".join(f"{a} / {b}" for a, b in zip(counts, expected, strict=True))
        found.append(
            Figure(
                f"calls of evaluate.py, {'the same with another order' if orders else 'again'}, score.py ({mode}, "
                f"4 criteria, {ROWS} rows), counted / by formula",
                told,
                "the same",
                counts == expected,
            )
        )
    return found


ROWS = 60


def write_rows(folder: Path, criteria: int) -> Path:
    """Rated rows, each a document."""
    lines = [",".join(["text", *(f"c{each}" for each in range(criteria))])]
    lines += [
        f"text {row}," + ",".join(str(1 + (row * (each + 2) + each) % 5) for each in range(criteria))
        for row in range(ROWS)
    ]
    path = folder / "rated.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def asking(engine: FakeEngine) -> Any:
    """Every LM name leads to this engine."""
    return patch("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))


if __name__ == "__main__":
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    sys.exit(main())
