"""A tracking store in memory: it keeps what it was told, in order, and fails while it is `down`."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from programs.tracking.place import Place
from programs.tracking.store import Known, Measure


@dataclass
class FakeRun:
    """A run as MLflow would have it; `measures` are all values that were logged, none merged."""

    name: str
    tags: dict[str, str]
    status: str = "RUNNING"
    params: dict[str, str] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)
    artifacts: dict[str, str] = field(default_factory=dict)

    def history(self, name: str) -> list[tuple[int, float]]:
        return [(each.step, each.value) for each in self.measures if each.name == name]


class FakeStore:
    """`before` is called before every request, and may raise. `opened` are the places that were asked for."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.place = Place("fake://", "none")
        self.opened: list[Place] = []
        self.runs: dict[str, FakeRun] = {}
        self.down = False
        self.requests = 0
        self.arrived = threading.Condition()
        self._before = before

    def open(self, place: Place) -> "FakeStore":
        """Stands in for `open_store`."""
        self.place = place
        self.opened.append(place)
        return self

    def begin(self, name: str, tags: Mapping[str, str], when: int) -> str:
        self._request()
        run_id = f"run-{len(self.runs)}"
        self.runs[run_id] = FakeRun(name, dict(tags))
        return run_id

    def known(self, run_id: str) -> Known | None:
        self._request()
        run = self.runs.get(run_id)
        return None if run is None else Known(run.tags, run.status)

    def log(self, run_id: str, measures: Sequence[Measure], tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        self._request()
        run = self.runs[run_id]
        assert all(run.params.get(name, value) == value for name, value in params.items()), "MLflow would refuse"
        with self.arrived:
            run.params |= params
            run.measures += measures
            run.tags |= tags
            self.arrived.notify_all()

    def text(self, run_id: str, text: str, name: str) -> None:
        self._request()
        self.runs[run_id].artifacts[name] = text

    def file(self, run_id: str, path: Path) -> None:
        self._request()
        self.runs[run_id].artifacts[path.name] = path.read_text()

    def turn(self, run_id: str, status: str, when: int) -> None:
        self._request()
        self.runs[run_id].status = status

    def where(self, run_id: str) -> str:
        return f"{self.place.shown}#{run_id}"

    @property
    def run(self) -> FakeRun:
        """The only run."""
        (run,) = self.runs.values()
        return run

    def wait_for(self, metric: str, step: int) -> bool:
        """Waits until the metric has arrived for the step, at most ten seconds."""
        with self.arrived:
            return self.arrived.wait_for(
                lambda: any((metric, step) == (m.name, m.step) for run in self.runs.values() for m in run.measures), 10
            )

    def _request(self) -> None:
        self.requests += 1
        self._before()
        if self.down:
            raise ConnectionError(f"nobody listens at {self.place.uri}")
