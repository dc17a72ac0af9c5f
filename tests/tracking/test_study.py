"""A study in a tracking store: a parent, a run a cell, and whatever became of them."""

from collections.abc import Callable
from pathlib import Path

import dspy
import pytest

from programs import report, study
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine, fake_lm
from tests.tracking.fake import FakeRun, FakeStore

URI = ["--mlflow", "http://127.0.0.1:5000"]
LISTS = ["--modes", "SSC,CCC", "--gates", "none", "--seeds", "0", "--yes"]

Start = Callable[..., int]


@pytest.fixture
def base(table: Path, tmp_path: Path) -> list[str]:
    return [*own_task(table), *SIZES, *LISTS, "--run", "one", "--runs-dir", str(tmp_path / "runs")]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return lambda *arguments: run(study.main, *arguments, monkeypatch=monkeypatch)


def check_whole(store: FakeStore, folder: Path) -> None:
    parent, *cells = store.runs.values()
    assert (parent.name, parent.status, store.place.experiment) == ("one", "FINISHED", "custom")
    assert parent.params["modes"] == "SSC,CCC"
    assert set(parent.artifacts) == {"tables.md", "tables.csv", "report.html"}
    assert parent.artifacts["tables.md"] == (folder / "tables.md").read_text()
    assert [cell.name for cell in cells] == ["custom-SSC-none-0", "custom-CCC-none-0"]
    for cell in cells:
        check_cell(cell, folder / "cells" / cell.name)


def check_cell(cell: FakeRun, folder: Path) -> None:
    assert (cell.status, cell.tags["mlflow.parentRunId"], cell.tags["judgegrad.study"]) == ("FINISHED", "run-0", "one")
    assert cell.params["mode"] == folder.name.split("-")[1]
    assert [step for step, _ in cell.history("calls/all")] == [0, 1, 2]
    assert cell.artifacts["judge.json"] == (folder / "judge.json").read_text()


@pytest.mark.parametrize("together", [[], ["--parallel-cells", "2"]])
def test_a_studys_cells_are_runs_below_it(
    together: list[str], base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    assert start(*base, *URI, *together) == 0
    check_whole(store, folder)


def test_a_study_done_without_tracking_is_sent_later_and_only_once(
    base: list[str],
    folder: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert start(*base) == 0
    assert run(report.main, folder, *URI, monkeypatch=monkeypatch) == 0
    check_whole(store, folder)
    before = [list(each.measures) for each in store.runs.values()]
    assert run(report.main, folder, *URI, monkeypatch=monkeypatch) == 0
    assert start(*base, *URI) == 0
    assert [each.measures for each in store.runs.values()] == before


def test_a_cell_that_fails_has_failed_there_too_and_goes_on_in_the_same_run(
    base: list[str], folder: Path, store: FakeStore, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) >= 60:
                raise dspy.lm15.AuthError("key revoked")
            return super().complete(request)

    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(dying, num_retries=0))
    dying = Dying()
    assert start(*base, *URI) == 3
    statuses = [each.status for each in store.runs.values()]
    assert statuses[0] == "FAILED"
    assert statuses[-1] == "FAILED"
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(FakeEngine()))
    assert start("--run", "one", "--runs-dir", folder.parent, "--yes") == 0  # tracked as before
    check_whole(store, folder)


def test_a_study_of_several_tasks_is_an_experiment_of_its_own_name(
    table: Path, tmp_path: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.toml").write_text(
            f'name = "{name}"\ninstructions = "Judge."\ndocument = "id"\n[[inputs]]\nname = "answer"\n'
            f'[[criteria]]\nname = "helpful"\nscale = [1, 5]\n[data]\nfile = "{table.name}"\n'
        )
    tasks = f"{tmp_path / 'first.toml'},{tmp_path / 'second.toml'}"
    flags = [*SIZES, "--tasks", tasks, "--modes", "SSC", "--gates", "none", "--seeds", "0", "--yes"]
    assert start(*flags, "--run", "both", "--runs-dir", tmp_path / "runs", *URI) == 0
    assert store.place.experiment == "both"
    assert [each.params.get("task") for each in store.runs.values()] == [None, "first", "second"]


def test_a_study_file_may_say_where(
    base: list[str], table: Path, tmp_path: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    file = tmp_path / "one.toml"
    file.write_text('mlflow = "http://127.0.0.1:5000"\nmlflow-experiment = "mine"\n')
    assert start(file, *base) == 0
    assert (store.place.experiment, len(store.runs)) == ("mine", 3)
