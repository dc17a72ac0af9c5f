"""Guards: what is no rubric is refused with its reason, and what is one passes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.optimizer.guards import GUARDS
from programs.optimizer.judge import Judge
from programs.optimizer.stages import Batch
from programs.optimizer.teleprompter import TextualGradient
from programs.tasks.task import Task
from tests.fake import FakeEngine, fake_lm, rated_rows

LEVELS = [(0, "nothing"), (1, "a little"), (2, "a good deal"), (3, "very much")]
CASE = "On Monday the small grey cat walked slowly over the wet roof and fell"


def reason(text: str, task: Task, before: str = "Rate from 1 to 5.", guard: str = "on") -> str | None:
    """Why `text` is refused as the rubric of fluency."""
    judge = Judge(task, rubric={"fluency": before})
    passed, refused = GUARDS[guard](judge, Batch([dspy.Example(text=CASE, row_id="1")], ()), {"fluency": text})
    assert set(passed) | set(refused) == {"fluency"}
    return refused["fluency"].reason if refused else None


@pytest.mark.parametrize(
    "text",
    [
        "Rate fluency from 1 (unreadable) to 5 (flawless). Each error costs one level.",
        "Look at the grammar. 1 means many errors, 3 means some, 5 means none.",
        "Give 4 or 5 only where no sentence is broken; from 1 to 2 for a text that cannot be understood.",
        "A text about a cat that walked over a roof is as good as any other.",
    ],
)
def test_a_rubric_passes(task: Task, text: str) -> None:
    assert reason(text, task) is None


@pytest.mark.parametrize(
    "text, why",
    [
        *(
            (text, "says nothing")
            for text in (",", "}", ":{", "...", "Decide ...", "Look at ... 1 means ...", "<what to look for in a text>")
        ),
        ("Rate from 1 to 5. The rubric does not need to be changed.", "speaks of the rubric"),
        ("The judge gave this score because it was unclear.", "speaks of the rubric"),
        ("Follow the feedback and be strict.", "speaks of the rubric"),
        ('Reply with {"fluency": 5} when it is good.', "speaks of reply formats"),
        ("Answer as JSON.", "speaks of reply formats"),
        ("Rate from 0 to 10.", "names another scale"),
        ("On a scale of 1-7, how fluent is it?", "names another scale"),
        ("Rate fluency between 1 (bad) and 9.", "names another scale"),
        ("A text such as the small grey cat walked slowly over the wet roof gets a 5.", "copies a training text"),
        ("Be strict with every text that you are shown today, please. " * 3, "repeats itself"),
        ("Anger is rude words, and loud words, and " + "sharp words, and bitter words, and " * 4, "repeats itself"),
        ("Rate it by how strong it is, or " + "very " * 20, "repeats itself"),
    ],
)
def test_what_is_none_is_refused_with_its_reason(task: Task, text: str, why: str) -> None:
    assert reason(text, task) == why


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"A text with {level} shows at first sight and to any reader {much} of it. " for level, much in LEVELS),
        "".join(f"Give a {level} where the one who speaks expresses {much} of it; " for level, much in LEVELS),
        "Decide how strong it is ... from not at all to very strong.",
        "Look for more and more and more of it. Be strict. Be strict. Be strict.",
    ],
)
def test_levels_told_one_by_one_in_one_form_are_no_repetition(task: Task, text: str) -> None:
    assert reason(text, task) is None


def test_what_the_rubric_said_before_may_stay(task: Task) -> None:
    """A user's own rubric may speak of itself, or quote a text."""
    own = f"This rubric is strict. An example: {CASE}"
    assert reason(f"{own} Be kind.", task, before=own) is None


def test_without_guards_only_what_holds_no_word_is_refused(task: Task) -> None:
    assert reason("The rubric is fine. Rate from 0 to 10.", task, guard="off") is None
    assert reason(",", task, guard="off") == "says nothing"


def rewriting(text: str) -> FakeEngine:
    return FakeEngine(rewrite=lambda name, *_: text if name == "fluency" else f"Look at the {name} of the whole text.")


def test_a_refused_rubric_leaves_the_old_one_and_costs_no_judgement(task: Task) -> None:
    """A joint rewrite goes on without it; where nothing is left nothing is judged."""
    rows, steps = rated_rows(task.criterion_names, 8), []
    for text in ("From 0 to 10.", "Count the errors."):
        optimizer = TextualGradient("SSC", steps=1, batch_size=2, gate="none", keep="last", on_step=steps.append)
        with dspy.context(lm=fake_lm(rewriting(text))):
            judge = optimizer.compile(Judge(task), trainset=rows)
        changed = {name for name in task.criterion_names if judge.rubric[name] != "Rate from 1 to 5."}
        assert changed == set(task.criterion_names) - ({"fluency"} if "10" in text else set())
    first, second = steps[1], steps[3]
    assert {name: each.reason for name, each in first.refused.items()} == {"fluency": "names another scale"}
    assert first.refused["fluency"].text == "From 0 to 10."
    assert "fluency" not in first.proposal
    assert not second.refused


def test_a_run_counts_its_refusals_and_its_page_shows_them(
    start: Callable[..., int], found: Callable[[str], dict[str, Any]], engine: FakeEngine, tmp_path: Path
) -> None:
    engine.rewrite = lambda name, *_: "The rubric is fine as it is."
    assert start("--run", "guarded") == 0
    summary = found("guarded")
    steps = [json.loads(line) for line in (tmp_path / "runs" / "guarded" / "steps.jsonl").read_text().splitlines()]
    assert summary["refused"] == {"speaks of the rubric": sum(len(step["refused"]) for step in steps)}
    assert summary["refused"]["speaks of the rubric"] == 8
    page = (tmp_path / "runs" / "guarded" / "report.html").read_text()
    assert page.count('class="tag refused"') == 8
    assert start("--run", "unguarded", "--guard", "off") == 0
    assert found("unguarded")["refused"] == {}
