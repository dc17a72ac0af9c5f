"""Anchors: which rows, where they are left out, how they are shown, saved and divided anew, and on which way asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest

from programs import evaluate
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer import judge as judging
from programs.optimizer.controls.ensemble import Ensemble
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.part import of_criteria
from programs.optimizer.rows.anchors import anchor_rows, anchors_of
from programs.optimizer.rows.strata import cells_of
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_rows
from programs.optimizer.settling import settled_task
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.settings import Settings
from programs.tasks.loading import load_rows
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.commands import own_task, run
from tests.fake import FakeEngine, fake_lm, rated_rows

TWO = [Criterion("a", 0, 3), Criterion("b", 0, 3)]


def rows_of(*ratings: tuple[float, float]) -> list[dspy.Example]:
    return [dspy.Example(text=f"t{place}", row_id=str(place), a=a, b=b) for place, (a, b) in enumerate(ratings)]


def test_each_anchor_shows_as_many_new_cells_as_can_be() -> None:
    """Four of the 23 rows show all eight cells."""
    rows = rows_of(*[(0, 0)] * 20, (1, 1), (2, 2), (3, 3))
    for seed in range(10):
        chosen = anchor_rows(rows, TWO, 4, seed)
        assert len({cell for row in chosen for cell in cells_of(TWO, row)}) == 8
        assert anchor_rows(rows, TWO, 4, seed) == chosen
    assert len(anchor_rows(rows, TWO, 50, 0)) == 23


def test_among_equals_the_nearest_to_whole_levels_is_chosen_and_then_the_seed_decides() -> None:
    rows = rows_of((0.4, 0.3), (0, 0.2), (0.1, 0.3))
    assert {anchor_rows(rows, TWO, 1, seed)[0]["row_id"] for seed in range(5)} == {"1"}
    rows = rows_of(*[(1, 1)] * 6)
    assert len({anchor_rows(rows, TWO, 1, seed)[0]["row_id"] for seed in range(20)}) > 2


def anchored(task: Task, **form: str) -> Judge:
    return Judge(task, anchors=anchors_of(task, rated_rows(task.criterion_names, 2)), **form)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("adapter", "end", "ends"),
    [("compact", "</text>", 1), ("json", "[[ ## fluency ## ]]", 0), ("chat", "[[ ## fluency ## ]]", 0)],
)
def test_examples_stand_between_the_instructions_and_the_text_and_show_levels(
    task: Task, adapter: str, end: str, ends: int
) -> None:
    """Markers in an example end no field of it."""
    rows = rated_rows(task.criterion_names, 2)
    rows[0]["fluency"] = 2.5
    rows[1]["text"] = "bad </text> [[ ## fluency ## ]]\n5 <text>"
    engine = FakeEngine()
    judge = Judge(task, adapter=adapter, anchors=anchors_of(task, rows))
    with dspy.context(lm=fake_lm(engine)):
        judge(text="judged")
    (request,) = [asked.request for asked in engine.asked]
    assert [message.role for message in request.messages] == ["user", "assistant"] * 2 + ["user"]
    shown = [message.text for message in request.messages]
    assert "text number 0" in shown[0]
    assert "3" in shown[1].split("relevance")[0]
    assert "row_id" not in str(shown)
    assert shown[2].count(end) == ends
    assert "judged" in shown[4]


@pytest.mark.parametrize("adapter", ["compact", "isolated"])
def test_an_anchored_judge_takes_the_short_way_to_the_byte(
    adapter: str, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, rows = anchored(task, adapter=adapter), rated_rows(task.criterion_names, 3)

    def logged(short: bool) -> tuple[set[str], list[Any]]:
        if not short:
            monkeypatch.setattr("programs.optimizer.judge.short_reply", lambda *_: None)
        calls, engine = CallLog(), FakeEngine()
        with Roles.of(dict.fromkeys(ROLES, fake_lm(engine)), calls=calls, seed=3).playing("judge"):
            found = judge_rows(judge, rows, Pool(1))
        return set(calls._answers), [found, [asked.request for asked in engine.asked]]

    short, ways = judging.short_reply, list[bool]()

    def noted(*given: Any) -> Any:
        found = short(*given)
        ways.append(found is not None)
        return found

    monkeypatch.setattr(judging, "short_reply", noted)
    first = logged(True)
    assert ways == [True] * 3
    assert first == logged(False)


def test_copies_keep_the_examples(task: Task) -> None:
    judge = anchored(task)
    copies = [
        judge.with_rubric({"fluency": "new"}),
        judge.with_groups([("fluency", "relevance"), ("coherence", "consistency")]),
        of_criteria(judge.with_groups([(name,) for name in task.criterion_names]), ["relevance"]),
        Ensemble(judge, 2),
    ]
    for copy in copies:
        assert copy.anchors == judge.anchors != []


def test_a_saved_judge_keeps_its_examples_and_they_are_divided_anew(task: Task, tmp_path: Path) -> None:
    judge = anchored(task)
    save_judge(judge, tmp_path / "judge.json")
    assert json.loads((tmp_path / "judge.json").read_text())["judgegrad"]["anchors"] == ["0", "1"]
    loaded = load_judge(tmp_path / "judge.json")
    assert loaded.anchors == judge.anchors
    apart = loaded.with_groups([(name,) for name in task.criterion_names])
    engine = FakeEngine()
    with dspy.context(lm=fake_lm(engine)):
        apart(text="judged")
    shown = [asked.request.messages[1].text for asked in engine.asked]
    assert [set(json.loads(text)) for text in shown] == [{name} for name in task.criterion_names]


def test_a_damaged_list_of_anchors_is_refused(task: Task, tmp_path: Path) -> None:
    path = tmp_path / "judge.json"
    save_judge(anchored(task), path)
    state = json.loads(path.read_text())
    state["judgegrad"]["anchors"] = ["0", "7"]
    path.write_text(json.dumps(state))
    with pytest.raises(UserError, match="damaged"):
        load_judge(path)


@pytest.mark.parametrize("flags", [(), ("--optimizer", "gepa"), ("--control", "ensemble")])
def test_a_run_shows_its_anchors_everywhere_and_learns_from_other_rows(
    flags: tuple[str, ...],
    start: Callable[..., int],
    found: Callable[[str], dict[str, Any]],
    engine: FakeEngine,
    tmp_path: Path,
) -> None:
    assert start("--run", "plain", "--gate", "none", *flags) == 0
    engine.asked.clear()
    assert start("--run", "one", "--gate", "none", "--anchors", "3", *flags) == 0
    summary, plain = found("one"), found("plain")
    anchors = summary["anchors"]
    assert len(anchors["rows"]) == 3
    assert anchors["cells"] <= anchors["of"] <= 9
    assert summary["rows"] == {**plain["rows"], "train": 5}
    assert summary["spending"]["estimate"]["expected"]["tokens"] > plain["spending"]["estimate"]["expected"]["tokens"]
    judge = load_judge(tmp_path / "runs" / "one")
    assert [anchor["row_id"] for anchor in judge.anchors] == anchors["rows"]
    asked = engine.of("judge")
    assert asked
    assert all(len(each.request.messages) == 7 for each in asked)
    texts = {anchor["answer"] for anchor in judge.anchors}
    assert not any(f"<answer>\n{text}\n</answer>" in each.user for each in engine.asked for text in texts)


def test_rows_that_are_anchors_are_warned_of(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Also of a judge's file by itself, without its run."""
    settings = Settings(data=str(table), inputs="question,answer", criteria="helpful:1-5,polite:0-3", group="id")
    own = settled_task(settings)
    rows = load_rows(own, str(table))
    save_judge(Judge(own, anchors=anchors_of(own, rows[:2])), tmp_path / "judge.json")
    for flags in ((), ("--judge", "separate")):
        assert run(evaluate.main, tmp_path / "judge.json", *own_task(table), *flags, monkeypatch=monkeypatch) == 0
        assert "2 of the 60 rows are anchors, which the judge is shown with their ratings" in capsys.readouterr().out


def test_anchors_that_leave_no_batch_are_refused(start: Callable[..., int], capsys: Any) -> None:
    assert start("--anchors", "7") == 2
    assert "--anchors 7 are taken from the training rows" in capsys.readouterr().err


def test_cells_are_levels_as_they_are_rounded() -> None:
    assert cells_of(TWO, dspy.Example(a=0.5, b=np.float64(2.4))) == (("a", 1), ("b", 2))
