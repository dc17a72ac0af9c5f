"""One run of a study: what it is, where it lies, which flags run it, and how the tables call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs.optimizer.modes import parse_mode
from programs.settings import Method

OWN_TABLE = "custom"
"""The task of a user's own table, which flags describe."""

EVAL_EVERY = 1
"""A study's default: trajectories need the test scores of every step."""

NO_GATE = "own"
"""Stands under `gate` for what has none of ours."""


@dataclass(frozen=True)
class Cell(Method):
    """One run of the study. `data` is empty where the task brings its own.

    A peer's `mode` and `gate` are those of the textual-gradient run whose LM calls it is given, a control's those of
    the run that it is to be compared with.
    """

    task: str
    data: str
    mode: str
    gate: str
    seed: int
    optimizer: str = "textgrad"
    control: str = "none"

    @property
    def task_name(self) -> str:
        return Path(self.task).stem if self.task.endswith(".toml") else self.task

    @property
    def id(self) -> str:
        """The cell's folder: `brighter-SSC-mae-0`, `brighter-gepa-SSC-mae-0`, `brighter-SSC-shuffled-mae-0`."""
        return "-".join([self.task_name, *self.words, self.gate, str(self.seed)])

    @property
    def label(self) -> str:
        """What stands under `mode` in the tables."""
        return self.optimizer if self.optimizer != "textgrad" else " ".join(self.words)

    @property
    def gate_label(self) -> str:
        """What stands under `gate` in the tables: peers choose in their own way, an ensemble has nothing to choose."""
        return self.gate if self.stepwise else NO_GATE

    @property
    def fields(self) -> dict[str, Any]:
        """Task, mode, gate and seed as the tables have them."""
        return {"task": self.task_name, "mode": self.label, "gate": self.gate_label, "seed": self.seed}

    @property
    def plain(self) -> bool:
        """Whether it is a mode of the paper, and no peer or control."""
        return self.optimizer == "textgrad" and self.control == "none"

    @property
    def joint(self) -> bool:
        """Whether its judge is one prompt for all criteria."""
        return not self.stepwise or parse_mode(self.mode).judge == "C"

    def flags(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The flags of `optimize.py` that run this cell."""
        own = {"mode": self.mode, "gate": self.gate, "seed": self.seed, "eval_every": EVAL_EVERY, **settings}
        own |= {"optimizer": self.optimizer, "control": self.control}
        task = {} if self.task == OWN_TABLE else {"task": self.task}
        return {**own, **task, **({"data": self.data} if self.data else {})}
