"""The order of the criteria in a prompt: judges that rotate it, and the search for a better one."""

import json
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import evaluate, export, optimize, score
from programs.backends.adapter import CompactAdapter
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge, Reading, mean_reading
from programs.optimizer.order_search import OrderSearch, other_orders
from programs.optimizer.part import of_heads
from programs.optimizer.plugs import Plugs
from programs.optimizer.saved import judge_mark, load_judge, save_judge
from programs.optimizer.scoring import judge_rows
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.optimizer.turns import rotations
from programs.records.calls import CallLog
from programs.tasks.task import Task
from tests.commands import own_task, run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm, fields_of, rated_rows
from tests.optimizer.test_schedule import SIZES
from tests.optimizer.test_teleprompter import obedient_score, roles_of

pytestmark = pytest.mark.usefixtures("pageless")
ROWS = 24


def by_place(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """A score that is the criterion's place in the prompt, from 1."""
    names = ("fluency", "relevance", "coherence", "consistency")
    return 1 + sorted((each for each in names if each in system), key=system.find).index(name)


def test_a_judge_that_rotates_asks_every_rotation_and_takes_the_mean(task: Task) -> None:
    engine = FakeEngine(score=by_place)
    judge = Judge(task, [("coherence", "fluency", "relevance"), ("consistency",)], order="rotate")
    assert judge.calls_per_row == 4
    with dspy.context(lm=fake_lm(engine)):
        found = judge(text="a text")
    asked = [tuple(fields_of(each.request)) for each in engine.of("judge")]
    assert asked == [*rotations(("coherence", "fluency", "relevance")), ("consistency",)]
    assert dict(found.items()) == {"fluency": 2.0, "relevance": 2.0, "coherence": 2.0, "consistency": 1}
    assert len({each.user for each in engine.of("judge")}) == 1


def test_a_rotation_is_the_prompt_of_a_judge_with_that_order(task: Task) -> None:
    judge = Judge(task, rubric={"fluency": "be strict"}, order="rotate")
    judge.heads[0].demos = [{"text": "a", "fluency": 1, "relevance": 2, "coherence": 3, "consistency": 4}]
    turned = judge.rotated.of(judge.heads[0])
    for predict, order in zip(turned, rotations(task.criterion_names), strict=True):
        same = of_heads(judge, {0: order}).heads[0]
        found, expected = (
            CompactAdapter("auto").format(each.signature, each.demos, {"text": "b"}) for each in (predict, same)
        )
        assert found == expected
    assert list(judge.dump_state()) == ["heads[0]"]


def test_the_mean_is_over_what_was_scored_and_the_rest_is_counted() -> None:
    readings = [
        Reading(1.5, 1, chances={1: 0.5, 2: 0.5}),
        Reading(None, None, replied=False),
        Reading(2.0, 2, chances={2: 1.0}),
    ]
    found = mean_reading(readings)
    assert found == Reading(1.75, 1.5, chances={1: 0.25, 2: 0.75}, unscored=1)
    nothing = mean_reading([Reading(None, None), Reading(None, None, replied=False)])
    assert (nothing.score, nothing.replied) == (None, True)
    alone = Reading(2, 2)
    assert mean_reading([alone]) == alone


def test_expectations_are_averaged(task: Task) -> None:
    judge = Judge(task, order="rotate", readout="expected")
    with dspy.context(lm=fake_lm(DoubtfulEngine(score=by_place))):
        (found,) = judge_rows(judge, rated_rows(task.criterion_names, 1), Pool(2))
    assert found.scores == pytest.approx(dict.fromkeys(task.criterion_names, (1 + 1.5 + 2 + 2.5) / 4))
    assert found.digits == pytest.approx(dict.fromkeys(task.criterion_names, 2.5))
    assert all(sum(each.values()) == pytest.approx(1) for each in found.chances.values())


def test_rotations_without_a_score_are_counted(
    task: Task, tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent_first(asked: Any) -> str | None:
        _, *others = fields_of(asked.request)
        return json.dumps(dict.fromkeys(others, 2)) if asked.stage == "judge" else None

    engine = FakeEngine(reply=silent_first)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    flags = [*own_task(table), *SIZES, "--order", "rotate", "--steps", 0, "--runs-dir", tmp_path]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["rotations_unscored"]["after"] == {"helpful": 4, "polite": 4}
    assert summary["after"]["coverage"]["polite"] == {"rows": 4, "scored": 4, "unscored": 0}
    capsys.readouterr()
    assert run(evaluate.main, tmp_path / "one", "--data", table, monkeypatch=monkeypatch) == 0
    assert "rotations without a score, which are not in the means: helpful 60, polite 60" in capsys.readouterr().out


def test_the_file_keeps_it_and_files_without_it_are_as_before(task: Task, tmp_path: Path) -> None:
    for order in ("fixed", "rotate"):
        save_judge(Judge(task, order=order), tmp_path / f"{order}.json")
        assert load_judge(tmp_path / f"{order}.json").order == order
    assert "order" not in json.loads((tmp_path / "fixed.json").read_text())["judgegrad"]
    assert judge_mark(Judge(task)) != judge_mark(Judge(task, order="rotate"))
    assert Judge(task, order="rotate").with_rubric({"fluency": "new"}).order == "rotate"
    broken = (tmp_path / "rotate.json").read_text().replace('"rotate"', '"upside"')
    (tmp_path / "broken.json").write_text(broken)
    with pytest.raises(Exception, match="unknown order 'upside'"):
        load_judge(tmp_path / "broken.json")


@pytest.mark.parametrize(
    "flags",
    [
        ["--order", "rotate"],
        ["--order", "search"],
        ["--order", "search", "--merge", "greedy"],
        ["--order", "rotate", "--schedule", "coordinate"],
    ],
)
def test_the_estimate_knows_and_what_is_made_of_the_judge_asks_as_often(
    flags: list[str], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reuse in ("on", "off"):
        engine, folder = FakeEngine(), tmp_path / reuse / "one"
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, engine=engine, **__: fake_lm(engine))
        own = [*own_task(table), *SIZES, "--gate", "mae", "--val-size", 24, "--threads", 2, "--reuse", reuse, *flags]
        assert run(optimize.main, *own, "--runs-dir", tmp_path / reuse, monkeypatch=monkeypatch) == 0
        summary = json.loads((folder / "summary.json").read_text())
        tally = summary["calls"]["judge"]
        assert reuse == "on" or engine.counts()["judge"] == summary["estimate"]["judge"]
        if "rotate" not in flags or reuse == "off":
            assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["judge"]
    assert ("order" in summary["remedies"]) if "search" in flags else True
    steps, asked = (folder / "steps.jsonl").read_bytes(), len(engine.asked)
    (folder / "summary.json").unlink()
    again = ["--runs-dir", tmp_path / "off", "--resume", "one", "--threads", 1]
    assert run(optimize.main, *again, monkeypatch=monkeypatch) == 0
    assert (folder / "steps.jsonl").read_bytes() == steps
    assert len(engine.asked) == asked
    turns = 2 if "rotate" in flags else 1
    for command, more in ((evaluate, []), (score, ["--out", tmp_path / "out.csv"])):
        engine.asked.clear()
        assert run(command.main, folder, "--data", table, *more, monkeypatch=monkeypatch) == 0
        assert len(engine.asked) == turns * 60
    if turns == 2:
        assert run(export.main, folder, "--to", "text", "--out", tmp_path / "t.txt", monkeypatch=monkeypatch) == 2
        assert "rotate" in capsys.readouterr().err


def test_other_orders_are_rotations_and_then_what_the_seed_deals() -> None:
    assert other_orders(("a", "b"), 5, 0) == [("b", "a")]
    assert other_orders(("a",), 5, 0) == []
    found = other_orders(("a", "b", "c", "d"), 8, 3)
    assert found[:3] == rotations(("a", "b", "c", "d"))[1:]
    assert len({*found, ("a", "b", "c", "d")}) == 9
    assert found == other_orders(("a", "b", "c", "d"), 8, 3) != other_orders(("a", "b", "c", "d"), 8, 4)


@pytest.mark.parametrize("confirmed", [True, False])
def test_the_best_order_on_the_gates_rows_is_kept_if_reserved_rows_confirm_it(task: Task, confirmed: bool) -> None:
    rows = rated_rows(task.criterion_names, 2 * ROWS, documents=2 * ROWS)
    gated, _ = TextualGradient("SSC").validation(rows)
    chosen_on = {int(row["row_id"]) for row in gated}

    def first_is_best(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
        """Right on all criteria where coherence comes first; on the gate's rows only, unless it is `confirmed`."""
        place = int(user.split("text number ")[1].split()[0])
        names = sorted(task.criterion_names, key=system.find)
        good = names[0] == "coherence" and (confirmed or place in chosen_on)
        good = good or (names[0] == "fluency" and not confirmed and place not in chosen_on)
        return obedient_score(name, f"{name} (1-5): {'good' if good else 'poor'}", user, levels)

    engine, calls = FakeEngine(score=first_is_best, rewrite=lambda *_: "Rate from 1 to 5."), CallLog()
    steps: list[Step] = []
    optimizer = TextualGradient("SSC", steps=1, plugs=Plugs(reorder=OrderSearch(3)), on_step=steps.append)
    outcome = optimizer.search(
        Judge(task), trainset=rated_rows(task.criterion_names, 6), valset=rows, roles=roles_of(engine, calls)
    )
    expected = ("coherence", "consistency", "fluency", "relevance") if confirmed else task.criterion_names
    assert outcome.judge.groups == (expected,)
    assert list(outcome.chosen) == [expected]
    told = steps[-1].told["order"]
    assert (told["tried"], told["changed"]) == (3, int(confirmed))
    assert engine.counts()["judge"] == 4 * ROWS + 2 * ROWS
    assert calls.summary()["judge"]["skipped"] == ROWS + 2 * ROWS  # the unchanged rewrite, and finalists of no choice
