"""What a peer's search finds, and what it makes of limits, failures and replies that nobody can read."""

from collections.abc import Callable
from typing import Any

import dspy
import pytest

from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.outcome import Outcome
from programs.optimizer.peers.peer import Peer
from programs.optimizer.steps import Step
from programs.records.budget import Budget
from programs.settings import OPTIMIZERS
from programs.tasks.task import Task
from tests.fake import Asked, FakeEngine, fake_lm, plain_score, rated_rows, rubric_in


class Search:
    """One search of a peer on a small set of rows, with everything that it told."""

    def __init__(self, name: str, task: Task) -> None:
        self.task = task
        self.steps: list[Step] = []
        self.peer = Peer(name, 150, "spearman", 0, self.steps.append)
        self.rows = rated_rows(task.criterion_names, 18, documents=9)
        self.engine = FakeEngine()

    def run(self, **budget: int) -> Outcome:
        with dspy.context(lm=fake_lm(self.engine, num_retries=0)):
            roles = Roles.of({}, budget=Budget(**budget))
        train, choice = self.rows[:8], self.rows[8:]
        return self.peer.search(Judge(self.task), trainset=train, valset=choice, roles=roles, pool=Pool(1))

    def obedient(self, name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
        """The human rating under a good rubric, else what the plain fake says."""
        row = self.rows[int(user.split("number ")[1].split()[0])]
        return int(row[name]) if "good" in rubric_in(system, name) else plain_score(name, system, user, levels)


@pytest.fixture(params=OPTIMIZERS[1:])
def search(request: pytest.FixtureRequest, task: Task) -> Search:
    return Search(request.param, task)


def test_a_peer_finds_good_rubrics(search: Search) -> None:
    search.engine.score = search.obedient
    search.engine.rewrite = lambda name, system, user, levels: "good" if len(search.engine.asked) % 3 else "a bad one"
    outcome = search.run()
    assert outcome.stopped is None
    assert "good" in outcome.judge.rubric.values()
    (chosen,) = outcome.chosen.values()
    assert chosen.step > 0
    assert chosen.rubric == outcome.judge.rubric == search.steps[-1].judge.rubric
    assert len(search.engine.asked) <= 150


def test_a_limit_ends_it_with_the_best_so_far(search: Search) -> None:
    outcome = search.run(calls=30)
    assert outcome.stopped == "budget"
    assert len(search.engine.asked) == 30
    assert outcome.judge.rubric == search.steps[-1].judge.rubric


def test_a_limit_before_the_first_scoring_leaves_the_initial_judge(search: Search) -> None:
    outcome = search.run(calls=3)
    assert outcome.stopped == "budget"
    assert outcome.judge.rubric == Judge(search.task).rubric


def test_an_lm_that_fails_for_good_is_raised_and_no_score(search: Search) -> None:
    error = dspy.LMError("the server is gone")
    search.engine.reply = failing_from(30, error)
    with pytest.raises(dspy.LMError, match="the server is gone"):
        search.run()
    assert len(search.engine.asked) == 30  # nothing more is sent


def test_ctrl_c_ends_it_with_the_best_so_far(search: Search) -> None:
    search.engine.reply = failing_from(30, KeyboardInterrupt())
    assert search.run().stopped == "interrupted"


def test_missing_scores_are_counted(search: Search) -> None:
    search.engine.score = lambda name, system, user, levels: (
        None if name == "fluency" and len(user) % 2 else plain_score(name, system, user, levels)
    )
    search.run()
    assert search.peer.report["unscored"] > 0


def test_proposals_that_nobody_can_read_end_it_without_a_guess(search: Search) -> None:
    search.engine.reply = lambda asked: "no object at all" if asked.stage == "rewrite" else None
    outcome = search.run()
    assert outcome.judge.rubric == Judge(search.task).rubric
    report = search.peer.report
    assert report.get("unread_proposals", 0) > 0 or report["ended"] == "a proposal could not be read"


def failing_from(number: int, error: BaseException) -> Callable[[Asked], None]:
    """A reply that raises from the `number`-th request on."""
    asked: list[Asked] = []

    def reply(each: Asked) -> None:
        asked.append(each)
        if len(asked) >= number:
            raise error

    return reply
