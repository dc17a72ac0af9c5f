"""Where a study's cells run: in this process, or as tasks on a Ray cluster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.screen import Screen
from programs.studies.engines.local import run_locally
from programs.studies.plan import Cell
from programs.studies.prepare import Ready, check_cell_lms

RunCells = Callable[[Path, Sequence[Cell], Sequence[Ready], Screen], dict[str, str]]
"""(the study's folder, all its cells, those to run, the screen) -> cell id -> what failed."""

RAY_THREADS = 4
"""LM calls in flight, and CPUs, of a cell on a cluster where --threads does not say."""


@dataclass(frozen=True)
class Engine:
    """`check` refuses what cannot work before anything is written or spent; `defaults` are settings of this engine."""

    run: RunCells
    check: Callable[[Sequence[Ready]], None]
    defaults: Mapping[str, Any] = field(default_factory=dict)


def engine_of(flags: dict[str, Any]) -> Engine:
    """Takes the engine's flags out of a study's and gives the engine. Raises UserError for flags of the other one."""
    name, address = flags.pop("engine", "local"), flags.pop("ray_address", None)
    together = flags.pop("parallel_cells", None)
    if name == "local":
        if address is not None:
            raise UserError("--ray-address goes with --engine ray: add it, or leave the address out")
        return Engine(partial(run_locally, together=together or 1), check_cell_lms)
    if together is not None:
        raise UserError("--parallel-cells goes with --engine local: a Ray cluster runs as many cells as fit on it")
    if find_spec("ray") is None:
        raise UserError('--engine ray needs Ray, which is not installed: pip install "judgegrad[ray]"')
    from programs.studies.engines.cluster import check_cluster  # Ray is an extra
    from programs.studies.engines.on_ray import run_on_ray

    return Engine(run_on_ray, partial(check_cluster, address), {"threads": RAY_THREADS})
