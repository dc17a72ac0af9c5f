"""What tracking asks of MLflow, in plain data; `client.py` answers with the real one, tests with a fake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from programs.tracking.place import Place


@dataclass(frozen=True)
class Measure:
    """One value of a metric; `when` is in milliseconds since 1970."""

    name: str
    value: float
    step: int
    when: int


@dataclass(frozen=True)
class Known:
    """What the store says of a run: its tags, and RUNNING, FINISHED, FAILED or KILLED."""

    tags: Mapping[str, str]
    status: str


class Store(Protocol):
    """An experiment of a tracking store. Every method may raise whatever the store's client raises."""

    place: Place

    def begin(self, name: str, tags: Mapping[str, str], when: int) -> str:
        """A new run, and its id."""
        ...

    def known(self, run_id: str) -> Known | None:
        """None where there is no such run, or it was deleted."""
        ...

    def log(
        self, run_id: str, measures: Sequence[Measure], tags: Mapping[str, str], params: Mapping[str, str]
    ) -> None: ...

    def text(self, run_id: str, text: str, name: str) -> None:
        """An artifact of this path."""
        ...

    def file(self, run_id: str, path: Path) -> None:
        """An artifact of the file's name."""
        ...

    def turn(self, run_id: str, status: str, when: int) -> None:
        """Sets the run's status; `when` is its end where that is one."""
        ...

    def where(self, run_id: str) -> str:
        """Where people find the run."""
        ...
