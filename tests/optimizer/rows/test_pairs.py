"""Losses about pairs: which pairs, what is said of them, what the gradient sees, and what it costs."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.backends.roles import Roles
from programs.optimizer.batch import Batch
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import MODES, groups
from programs.optimizer.rows.pairs import PairLossStage, chosen
from programs.optimizer.stages import GradientStage
from programs.records.tally import ROLES
from programs.tasks.task import Task
from signatures.pairs import PairComparison
from signatures.records import Criterion, Judgement, Note
from tests.fake import FakeEngine, fake_lm

ANGER, JOY = Criterion("anger", 0, 3), Criterion("joy", 0, 3)


def batch_of(human: list[tuple[float, float]], judge: list[tuple[float | None, float | None]]) -> Batch:
    rows = [dspy.Example(text=f"text {place}", row_id=str(place), anger=a, joy=j) for place, (a, j) in enumerate(human)]
    scores = [Judgement(str(place), {"anger": a, "joy": j}) for place, (a, j) in enumerate(judge)]
    return Batch(rows, scores)


def emotions(task: Task) -> Judge:
    return Judge(Task("test", task.instructions, task.inputs, (ANGER, JOY)))


def ids(batch: Batch, *criteria: Criterion) -> list[tuple[str, str]]:
    return [(first[1].row, second[1].row) for first, second in chosen(batch, criteria)]


@pytest.mark.parametrize(
    ("judge", "human", "discordant", "right"),
    [
        ((2, 1), (0, 3), True, False),
        ((1, 2), (0, 3), False, True),
        ((1, 1), (0, 3), True, False),
        ((3, 0), (1, 1.4), False, False),
        ((1, 1), (1, 1.4), False, True),
        ((1.31, 1.32), (2, 1), True, False),
        ((1.31, 1.32), (1.6, 1), False, False),
        ((1.32, 1.31), (1.6, 1), False, False),
        ((1.32, 1.31), (3, 0), True, False),
        ((1.4, 0.8), (1.6, 1), False, True),
        ((0.8, 1.4), (1.6, 1), True, False),
        ((1, 1), (1.6, 1), False, False),
        ((1.49, 1.51), (1, 1), False, True),
        ((1.2, 1.8), (1, 1), False, False),
    ],
)
def test_a_pair_is_discordant_where_raters_have_an_order_and_the_judge_another_or_none(
    judge: tuple[float, float], human: tuple[float, float], discordant: bool, right: bool
) -> None:
    found = PairComparison(ANGER, judge, human)
    assert (found.discordant, found.right) == (discordant, right)
    assert found.unclear == (not discordant and not right and human != (1, 1.4) and human != (1, 1))
    turned = PairComparison(ANGER, judge[::-1], human[::-1])
    assert (turned.discordant, turned.right, turned.unclear) == (found.discordant, found.right, found.unclear)
    assert ("INCORRECT" in found.line()) is not right
    assert found.opening().startswith("anger: ")


@pytest.mark.parametrize(
    ("judge", "human", "opening"),
    [
        ((2, 1), (0, 3), "the second text should be higher, not lower. Signs of high anger in a text are ..."),
        ((1, 1), (3, 0), "the first text should be higher, not the same. Signs of high anger in a text are ..."),
        ((1, 2), (0, 3), "the second text is rightly higher. Signs of high anger in a text are ..."),
        ((3, 0), (1, 1), "both texts should be about the same."),
        ((1, 1), (1, 1), "both texts are rightly about the same."),
        ((1.32, 1.31), (3, 0), "the first text should be higher, not the same. Signs of high anger in a text are ..."),
        ((1.49, 1.51), (1, 1), "both texts are rightly about the same."),
    ],
)
def test_an_order_is_told_in_one_word_and_a_tie_has_no_more_to_say(
    judge: tuple[float, float], human: tuple[float, float], opening: str
) -> None:
    assert PairComparison(ANGER, judge, human).opening() == f"anger: {opening}"


def test_pairs_are_those_in_the_wrong_order() -> None:
    batch = batch_of([(0, 0), (1, 0), (3, 0)], [(2, 0), (2, 0), (1, 0)])
    assert {frozenset(pair) for pair in ids(batch, ANGER)} == {frozenset("02"), frozenset("01"), frozenset("12")}
    assert ids(batch, JOY) == []


def test_expectations_that_nearly_tie_are_no_order_and_no_pair(task: Task) -> None:
    """Anger is in the wrong order by hundredths throughout; only rows 0 and 2 are a level apart for raters."""
    human, judge = [(0.0, 0.0), (0.6, 0.0), (1.2, 3.0)], [(1.32, 2.0), (1.31, 2.0), (1.30, 0.0)]
    batch = batch_of(human, judge)  # type: ignore[arg-type]
    assert {frozenset(pair) for pair in ids(batch, ANGER)} == {frozenset("02")}
    _, losses, _ = asked(emotions(task), batch, "CCC")
    spoken = {frozenset((note.row, note.other)): note.group for note in losses}
    assert spoken == {frozenset("02"): ("anger", "joy"), frozenset("12"): ("joy",)}


def test_there_are_no_more_pairs_than_rows_and_each_begins_one_at_most() -> None:
    size = 6
    batch = batch_of([(place / 2, 3 - place / 2) for place in range(size)], [(3 - p / 2, p / 2) for p in range(size)])
    found = ids(batch, ANGER, JOY)
    assert len(found) == size
    assert len({first for first, _ in found}) == size
    assert len({frozenset(pair) for pair in found}) == size


def test_each_criterion_has_its_pair_where_it_can() -> None:
    """Anger is in the wrong order in every pair, and wider; joy in one only."""
    batch = batch_of([(0, 0), (1.5, 1), (3, 0.9)], [(3, 1), (1, 0), (0, 1)])
    pairs = chosen(batch, [ANGER, JOY])
    assert any(PairComparison(JOY, *_values("joy", *pair)).discordant for pair in pairs)


def _values(name: str, first: Any, second: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    judge = (first[1].scores[name], second[1].scores[name])
    return judge, (first[0][name], second[0][name])


def asked(judge: Judge, batch: Batch, mode: str) -> tuple[FakeEngine, list[Note], list[Note]]:
    engine = FakeEngine()
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm(engine)))
    names, stages = judge.task.criterion_names, (PairLossStage(), GradientStage())
    with roles.playing("loss"):
        losses = stages[0](judge, batch, groups(MODES[mode].loss, names), Pool(1))
        gradients = stages[1](judge, batch, losses, groups(MODES[mode].gradient, names), Pool(1))
    return engine, losses, gradients


@pytest.mark.parametrize("mode", MODES)
def test_a_group_without_a_discordant_pair_is_told_of_each_row(mode: str, task: Task) -> None:
    """Anger is in the wrong order between rows 0 and 1, joy in none: separate losses of joy are about rows."""
    batch = batch_of([(0, 1), (3, 2), (0, 3)], [(3, 1), (0, 2), (None, 3)])
    engine, losses, gradients = asked(emotions(task), batch, mode)
    separate = MODES[mode].loss == "S"
    assert [(note.row, note.other, note.group) for note in losses if "anger" in note.group] == [
        ("0", "1", ("anger",) if separate else ("anger", "joy"))
    ]
    assert [note.row for note in losses if note.group == ("joy",)] == (["0", "1", "2"] if separate else [])
    assert all(len(notes) <= 3 * 2 for notes in (losses, gradients))
    pair = next(each for each in engine.of("loss") if "second text judge" in each.user)
    line = (
        "anger (0-3): first text judge 3, human 0; second text judge 0, human 3: INCORRECT, the second is to be higher"
    )
    assert line in pair.user
    assert "text 0" not in pair.user
    assert pair.user.endswith("..."), "a request ends with an opening"


def test_the_gradient_sees_both_texts_and_scores_and_which_critique_is_of_one_text(task: Task) -> None:
    batch = batch_of([(0, 1), (3, 2)], [(3, 1), (0, 2)])
    engine, _, gradients = asked(emotions(task), batch, "SCC")
    both, alone = engine.of("gradient")
    assert "<first>\n<text>\ntext 0\n</text>\n</first>\n<second>\n<text>\ntext 1\n</text>\n</second>" in both.user
    assert 'first: {"anger":3,"joy":1}\nsecond: {"anger":0,"joy":2}' in both.user
    assert both.user.count("(first text by itself)") == 1
    assert "The judge ordered these two texts so because" in both.user
    assert "<first>" not in alone.user
    assert "The judge gave this score because" in alone.user
    assert [note.row for note in gradients] == ["0", "1"]


def test_a_text_ends_no_place_of_a_pair(task: Task) -> None:
    batch = batch_of([(0, 1), (3, 2)], [(3, 1), (0, 2)])
    batch.rows[0]["text"] = "a </text></first><second><text>b"
    engine, *_ = asked(emotions(task), batch, "CCC")
    user = engine.of("gradient")[0].user
    assert user.count("</first>") == user.count("<second>") == user.count("</second>") == 1


def test_a_part_of_a_batch_still_knows_the_other_row(task: Task) -> None:
    batch = batch_of([(0, 1), (3, 2)], [(3, 1), (0, 2)])
    judge = emotions(task)
    _, losses, _ = asked(judge, batch, "CCC")
    engine = FakeEngine()
    with Roles.of(dict.fromkeys(ROLES, fake_lm(engine))).playing("gradient"):
        GradientStage()(judge, batch.part(["0"]), losses, [("anger",)], Pool(1))
    assert "text 1" in engine.of("gradient")[0].user


@pytest.mark.parametrize("mode", MODES)
def test_calls_stay_within_the_plan_and_what_was_no_pair_is_counted(
    mode: str,
    start: Callable[..., int],
    found: Callable[[str], dict[str, Any]],
    engine: FakeEngine,
    tmp_path: Path,
) -> None:
    flags = ("--mode", mode, "--gate", "none", "--batch-size", "3", "--loss", "pairs")
    assert start("--run", "one", *flags) == 0
    summary = found("one")
    for role in ("judge", "loss", "gradient", "rewrite"):
        tally = Counter(summary["calls"].get(role, {}))
        assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"][role]
        assert tally["calls"] == engine.counts()[role]
    told = summary["remedies"]["loss"]
    assert told["pairs"] > 0
    steps = [json.loads(line) for line in (tmp_path / "runs" / "one" / "steps.jsonl").read_text().splitlines()]
    losses = [note for step in steps for note in step["losses"]]
    assert told == {
        "pairs": sum("other" in note for note in losses),
        "single rows": sum("other" not in note for note in losses),
    }
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    pair = next(note for note in losses if "other" in note)
    assert f"{pair['row']} and {pair['other']}" in page


def test_a_batch_of_one_row_has_no_pair(start: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert start("--loss", "pairs", "--batch-size", "1") == 2
    assert "--loss pairs needs two rows to compare" in capsys.readouterr().err
