"""One run of a study: what it is, where it lies, which flags run it, and how the tables call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs.method import Method
from programs.studies.arms import arm_flags

OWN_TABLE = "custom"
"""The task of a user's own table, which flags describe."""

EVAL_EVERY = 1
"""A study's default: trajectories need the test scores of every step. Arms score at the start and the end."""

NO_GATE = "own"
"""Stands under `gate` for what has none of ours."""


@dataclass(frozen=True)
class Cell(Method):
    """One run of the study. `data` is empty where the task brings its own.

    A peer's `mode` and `gate` are those of the textual-gradient run whose LM calls it is given, a control's those of
    the run that it is to be compared with. An `arm` is a name with its own flags over the study's.
    """

    task: str
    data: str
    mode: str
    gate: str
    seed: int
    optimizer: str = "textgrad"
    control: str = "none"
    arm: str = ""
    own: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of_arm(
        cls, source: tuple[str, str], seed: int, name: str, own: Mapping[str, Any], whole: Mapping[str, Any]
    ) -> "Cell":
        """A cell of an arm: its `own` flags, and what they come to as a `whole`."""
        method = (whole.get("optimizer", cls.optimizer), whole.get("control", cls.control))
        return cls(*source, whole["mode"], whole["gate"], seed, *method, name, tuple(sorted(own.items())))

    @property
    def task_name(self) -> str:
        return Path(self.task).stem if self.task.endswith(".toml") else self.task

    @property
    def id(self) -> str:
        """The cell's folder: `brighter-SSC-mae-0`, `brighter-gepa-SSC-mae-0`, `brighter-calibrated-0` of an arm."""
        return "-".join([self.task_name, self.name, str(self.seed)])

    @property
    def name(self) -> str:
        """What it has in common with the cells of other seeds and tasks."""
        return self.arm or "-".join([*self.words, self.gate])

    @property
    def label(self) -> str:
        """What stands under `mode` in the tables."""
        return self.arm or (self.optimizer if self.optimizer != "textgrad" else " ".join(self.words))

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
        """Whether it is a mode of the paper, and no peer, control or arm."""
        return self.optimizer == "textgrad" and self.control == "none" and not self.arm

    def flags(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The flags of `optimize.py` that run this cell."""
        task = {} if self.task == OWN_TABLE else {"task": self.task}
        place = {"seed": self.seed, **task, **({"data": self.data} if self.data else {})}
        if self.arm:
            return {**arm_flags(dict(self.own), settings, (self.mode, self.gate)), **place}
        own = {"mode": self.mode, "gate": self.gate, "eval_every": EVAL_EVERY, **settings}
        return {**own, "optimizer": self.optimizer, "control": self.control, **place}
