"""Cells side by side in this process: the same study, nothing paid for twice, and Ctrl-C ends them all."""

import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from programs.studies.cells import lanes_of
from programs.studies.engines import engine as engine_module
from programs.studies.plan import Cell
from tests.commands import refused
from tests.fake import FakeEngine, fake_lm
from tests.studies.conftest import Study

LISTS = ["--modes", "SSC,CCC", "--gates", "mae", "--seeds", "0,1", "--yes"]


class Meeting(FakeEngine):
    """The first request of each seed waits for that of the other one."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier, self.met, self.lock = threading.Barrier(2), set[int](), threading.Lock()

    def complete(self, request: Any) -> Any:
        with self.lock:
            first = request.config.seed not in self.met
            self.met.add(request.config.seed)
        if first:
            self.barrier.wait(timeout=20)
        return super().complete(request)


class Interrupting(FakeEngine):
    """Ctrl-C strikes at the given call; calls in flight still end."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def complete(self, request: Any) -> Any:
        reply = super().complete(request)
        if len(self.asked) == self.at:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return reply


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(engine: FakeEngine) -> FakeEngine:
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
        return engine

    return use


def tables(runs: Path) -> list[bytes]:
    return [(runs / "one" / name).read_bytes() for name in ("tables.md", "tables.csv")]


def test_cells_of_different_seeds_run_at_once_and_make_the_same_study(
    base: list[str], tmp_path: Path, start: Study, use: Any
) -> None:
    alone = use(FakeEngine())
    assert start(*base, *LISTS, "--runs-dir", tmp_path / "alone") == 0
    together = use(Meeting())
    assert start(*base, *LISTS, "--parallel-cells", 2) == 0
    assert tables(tmp_path / "runs") == tables(tmp_path / "alone")
    asked = [sorted(str((each.user, each.request)) for each in engine.asked) for engine in (alone, together)]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("at", [30, 125])
def test_ctrl_c_ends_every_cell_and_the_next_session_sends_the_rest(
    at: int, base: list[str], tmp_path: Path, start: Study, use: Any
) -> None:
    whole = use(FakeEngine())
    assert start(*base, *LISTS, "--runs-dir", tmp_path / "whole") == 0
    stopped = use(Interrupting(at))
    assert start(*base, *LISTS, "--parallel-cells", 2) == 130
    assert len(stopped.asked) < len(whole.asked)
    rest = use(FakeEngine())
    assert start(*base, *LISTS, "--parallel-cells", 2) == 0
    assert len(stopped.asked) + len(rest.asked) == len(whole.asked)
    assert tables(tmp_path / "runs") == tables(tmp_path / "whole")


@pytest.mark.parametrize(("reuse", "lanes"), [("on", [3, 1]), ("off", [1, 1, 1, 1])])
def test_only_cells_that_share_nothing_run_at_once(reuse: str, lanes: list[int]) -> None:
    cells = [Cell("t", "", mode, gate, seed) for mode, gate, seed in
             (("SSC", "mae", 0), ("CCC", "mae", 0), ("SSC", "none", 0), ("SSC", "mae", 1))]  # fmt: skip
    waiting: Any = [SimpleNamespace(cell=cell, settings=SimpleNamespace(reuse=reuse)) for cell in cells]
    assert [len(lane) for lane in lanes_of(waiting)] == lanes


BAD = {
    "an address for no cluster": (["--ray-address", "127.0.0.1:1"], "goes with --engine ray"),
    "threads for a cluster": (["--engine", "ray", "--parallel-cells", "2"], "goes with --engine local"),
    "no Ray": (["--engine", "ray"], 'pip install "judgegrad[ray]"'),
}


@pytest.mark.parametrize("case", BAD)
def test_an_engine_that_cannot_work_is_one_line(
    case: str, base: list[str], tmp_path: Path, engine: FakeEngine, start: Study, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(engine_module, "find_spec", lambda name: None)
    arguments, words = BAD[case]
    assert start(*base, *LISTS, *arguments) == 2
    refused(words, tmp_path, engine, capsys)
