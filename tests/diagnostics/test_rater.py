"""The rater over a call log and over HTTP: what reaches the LM, and what survives a file."""

import math
from pathlib import Path

from dspy.lm15 import TokenLogprob, TopLogprob

from metrics.attribution import Choice
from programs.backends.names import language_model
from programs.backends.roles import Roles
from programs.diagnostics.rater import Rater
from programs.optimizer.fan_out import Pool
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.task import load_task
from signatures.attribution import GENERIC
from tests.fake import Asked, FakeEngine, fake_lm
from tests.stub_server import stub_server

SUGGESTION = "Lower the politeness score for blame."


def leaning(asked: Asked) -> tuple[TokenLogprob, ...]:
    """Likes the first letter, and a little more the one that stands for courtesy."""
    letters = {line[0]: line for line in asked.system.splitlines() if line[1:2] == ":"}
    wish = {letter: 0.4 if letter == "A" else 0.1 for letter in letters}
    wish = {letter: p + 0.2 * ("courteous" in letters[letter]) for letter, p in wish.items()}
    top = tuple(TopLogprob(token=letter, logprob=math.log(p / 2)) for letter, p in wish.items())
    return (TokenLogprob(token="A", logprob=top[0].logprob, top=top),)


def attributed(calls: CallLog, engine: FakeEngine) -> Choice | None:
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm(engine)), calls=calls)
    (found,) = Rater(load_task("sample"), roles, Pool(2), orders=4).attributions([SUGGESTION])
    calls.close()
    return found


def test_probabilities_survive_the_call_log_and_orders_outweigh_a_liking_for_letters(tmp_path: Path) -> None:
    engine = FakeEngine(reply=lambda asked: "A", logprobs=leaning)
    found = attributed(CallLog(tmp_path / "calls.jsonl"), engine)
    assert found is not None
    assert max(found, key=lambda name: found[name]) == "polite"
    assert sum(found.values()) - 1 < 1e-9
    assert len(engine.asked) == 4
    assert all("___ score for blame" in asked.user and "polite" not in asked.user.lower() for asked in engine.asked)
    assert attributed(CallLog(tmp_path / "calls.jsonl"), engine) == found
    assert len(engine.asked) == 4


def test_a_server_without_logprobs_is_read_by_its_letter() -> None:
    with stub_server(FakeEngine(reply=lambda asked: "E")) as server:
        lm = language_model("small", api_base=server.url, cache=False)
        roles = Roles.of(dict.fromkeys(ROLES, lm))
        task = load_task("sample")
        (found,) = Rater(task, roles, Pool(2), orders=1).attributions([SUGGESTION])
        assert found is not None and found[GENERIC] > 0.99
        assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 20)
        Rater(task, roles, Pool(2), orders=1, logprobs=False).attributions(["Say more about blame, please."])
        assert "logprobs" not in server.bodies[1]
