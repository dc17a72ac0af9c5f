"""The faulty server and what is made of its replies: no fault becomes a score, and the harness would notice one."""

import dspy
import pytest

from programs.backends.names import language_model
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.backends.clock import FakeClock
from tests.reliability.bad_weather import _most_failures, _too_early
from tests.reliability.faulty_server import BROKEN, HARMLESS, KINDS, NO_SCORE, Seen, Weather, faulty_server, spoiled
from tests.reliability.truth import Checked

REPLY = '{"kind":2,"clear":0}'


@pytest.fixture
def task() -> Task:
    """One scale begins at 0: of such DSPy's client would parse the reply itself."""
    criteria = (Criterion("kind", 1, 3), Criterion("clear", 0, 3))
    return Task("test", "Judge the text.", (Input("text", "Text"),), criteria)


def judged(task: Task, weather: Weather, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Seen], list[dict], Roles]:
    """A few texts judged under the weather, without waits."""
    monkeypatch.setattr("programs.backends.server.Clock", FakeClock)
    rows = [dspy.Example(text=f"text {place}", row_id=str(place)).with_inputs("text") for place in range(3)]
    with faulty_server(weather) as server:
        lm = language_model("stub", api_base=server.url, cache=False, timeout=0.3, num_retries=2)
        roles = Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), lm))
        with roles.playing("judge"):
            found = judge_rows(Judge(task), rows, Pool(2))
        return server.seen, [dict(each.scores) for each in found], roles


@pytest.mark.parametrize("kind", NO_SCORE)
def test_a_faulty_reply_is_unscored_and_not_asked_again(kind: str, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, scores, roles = judged(task, Weather(1.0, [kind]), monkeypatch)
    assert scores == [{"kind": None, "clear": None}] * 3
    assert [each.kind for each in seen] == [kind] * 3
    assert roles.calls.summary()["judge"]["failed"] == 0


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_does_no_harm_is_scored(kind: str, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, scores, _ = judged(task, Weather(1.0, [kind], hang=0.1), monkeypatch)
    said = {each.prompt[1]: each.said for each in seen}
    assert scores == [said[f"<text>\ntext {place}\n</text>"] for place in range(3)]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_reply_is_a_failed_request_that_is_asked_again(
    kind: str, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Weather, "kind", lambda self, role, prompt, attempt: kind if attempt == 1 else "fine")
    seen, scores, roles = judged(task, Weather(hang=0.6), monkeypatch)
    assert all(score is not None for row in scores for score in row.values())
    assert (len(seen), roles.calls.summary()["judge"]["failed"]) == (6, 3)


def test_the_same_weather_comes_again_and_has_all_faults() -> None:
    prompts = [("system", f"text {place}", 0) for place in range(2000)]
    first, second = ([Weather(seed=3).kind("judge", each, 1) for each in prompts] for _ in range(2))
    assert first == second
    assert set(first) == {*KINDS, "fine"}
    assert 0.15 < sum(kind != "fine" for kind in first) / len(first) < 0.25
    assert {Weather(roles=["loss"], share=1.0).kind("judge", each, 1) for each in prompts} == {"fine"}


def test_every_fault_is_one() -> None:
    texts = {kind: spoiled(kind, REPLY, ["kind", "clear"]) for kind in (*NO_SCORE, *HARMLESS)}
    assert all(said == {} and text != REPLY for text, said in (texts[kind] for kind in NO_SCORE))
    assert all(said == {"kind": 2, "clear": 0} for _, said in (texts[kind] for kind in HARMLESS))


def seen(kind: str, said: dict | None, came: float = 0.0, left: float = 0.0, wait: float | None = None) -> Seen:
    return Seen(("system", "user", 0), "judge", kind, came, left, wait, said)


def test_the_harness_notices_an_invented_score_and_a_gap_without_a_cause() -> None:
    good, bad = seen("fine", {"kind": 2}), seen("empty", {})
    for score, replies, wrong in (
        (2, [good], 0),
        (2, [bad, good], 0),
        (None, [bad], 0),
        (None, [seen("500", None)], 0),
        (3, [good], 1),
        (2, [bad], 1),
        (None, [good], 1),
        (None, [], 1),
    ):
        checked = Checked()
        checked.see(score, "kind", replies, "here")
        assert len(checked.wrong) == wrong, (score, replies)


def test_the_harness_notices_an_early_retry_and_counts_attempts() -> None:
    refused, later = seen("429", None, 0.0, 1.0, 2.0), seen("fine", {}, 3.1)
    assert _too_early(refused, seen("fine", {}, 2.9))
    assert not _too_early(refused, later)
    assert _most_failures([refused, refused, later]) == 2
    assert _most_failures([refused, refused]) == 1  # the last was followed by none
