"""DSPy's own optimizers on the same judge, rows, LMs and number of LM calls as the textual gradient."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import CompactAdapter
from programs.backends.roles import Roles
from programs.optimizer.draws import draw, numbered
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.keep import Candidate, values_of
from programs.optimizer.outcome import Outcome
from programs.optimizer.peers.bench import Bench, ShareUsed, Tried
from programs.optimizer.peers.instructions import copro, mipro, require_optuna
from programs.optimizer.peers.proposals import proposal_lm
from programs.optimizer.peers.quiet import quiet
from programs.optimizer.peers.sizes import Room, Search, copro_search, gepa_search, mipro_search
from programs.optimizer.scoring import scores_for
from programs.optimizer.steps import Step
from programs.records.budget import OutOfBudget
from programs.tasks.task import Task
from signatures.records import Rubric

Run = Callable[[Bench, dspy.LM, Sequence[dspy.Example], Search, int], tuple[Rubric, dict[str, int]]]


@dataclass(frozen=True)
class Kind:
    """One of DSPy's optimizers: how large its search may be in a room, how it runs, and what it needs installed."""

    size: Callable[[Room], Search]
    run: Run
    check: Callable[[], None] = lambda: None


def _reflect(
    bench: Bench, lm: dspy.LM, trainset: Sequence[dspy.Example], search: Search, seed: int
) -> tuple[Rubric, dict[str, int]]:
    from programs.optimizer.peers.gepa import reflect  # GEPA is imported only by who uses it

    return reflect(bench, lm, trainset, search, seed)


KINDS: Mapping[str, Kind] = {
    "gepa": Kind(gepa_search, _reflect),
    "miprov2": Kind(mipro_search, mipro, require_optuna),
    "copro": Kind(copro_search, copro),
}


@dataclass
class Peer:
    """A peer with the interface of `TextualGradient.search`. `calls` is what its search may spend in all.

    The choice on validation rows is the optimizer's own (mean agreement); `metric` is only what the report gives of
    these rows. `report` says afterwards how large the search was and what went missing.
    """

    name: str
    calls: int
    metric: str
    seed: int
    on_step: Callable[[Step], None] | None = None
    report: dict[str, Any] = field(default_factory=dict)

    def plan(self, task: Task, train: int, choice: int) -> Search:
        """Raises UserError where the optimizer cannot do with the calls, or is not installed."""
        KINDS[self.name].check()
        return KINDS[self.name].size(Room(self.calls, len(task.criteria), train, choice))

    def search(
        self,
        student: Judge,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example],
        roles: Roles,
        pool: Pool,
    ) -> Outcome:
        """The best judge that it finds. When a budget ends, or on Ctrl-C, the best so far, and what stopped it.

        Raises the LM's error where that, and no budget, has ended it.
        """
        search = self.plan(student.task, len(trainset), len(valset))
        chosen_by = sample(numbered(valset), search.options.get("choice_rows", len(valset)), self.seed)
        learned_from = sample(numbered(trainset), search.options.get("train_rows", len(trainset)), self.seed)
        tell = partial(self._tell, roles=roles)
        bench = Bench(student, chosen_by, learned_from, roles, pool, search.shares, tell)
        rubric, stopped = self._run(bench, proposal_lm(bench, roles.lms["rewrite"]), learned_from, search)
        self.report |= {
            "options": dict(search.options),
            "shares": search.shares,
            "left": dict(bench.left),
            "candidates": len(bench.tried),
            "unscored": sum(one.unscored for one in bench.tried),
        }
        return self._outcome(bench, rubric, stopped)

    def _run(
        self, bench: Bench, lm: dspy.LM, trainset: Sequence[dspy.Example], search: Search
    ) -> tuple[Rubric, str | None]:
        """The optimizer's choice, or the best so far where it was ended, and what stopped it."""
        started = dspy.context(lm=lm, adapter=CompactAdapter(bench.judge.schema), max_errors=1, num_threads=1)
        try:
            with quiet(), started:
                bench.judged(bench.judge.rubric, bench.rows)
                rubric, found = KINDS[self.name].run(bench, lm, trainset, search, self.seed)
            self.report |= found
            if bench.trouble is None:
                return rubric, None
        except KeyboardInterrupt:
            return bench.best, "interrupted"
        except AdapterParseError:
            self.report["ended"] = "a proposal could not be read"
        except Exception:
            if bench.trouble is None:
                raise
        return bench.best, self._stopped(bench.trouble)

    def _stopped(self, trouble: Exception | None) -> str | None:
        if isinstance(trouble, ShareUsed):
            self.report["ended"] = str(trouble)
            return None
        if isinstance(trouble, OutOfBudget):
            return "budget"
        if trouble is not None:
            raise trouble
        return None

    def _tell(self, bench: Bench, roles: Roles) -> None:
        """A step for every candidate that was scored on all rows of choice; `judge` is the best so far."""
        if self.on_step is not None:
            number, tried = len(bench.tried) - 1, bench.tried[-1]
            best = bench.judge.with_rubric(bench.best)
            values = self._values(bench, tried)
            proposal = tried.rubric if number else {}
            self.on_step(Step(number, best, proposal=proposal, validation=values, spent=roles.calls.lap()))

    def _values(self, bench: Bench, tried: Tried) -> dict[str, float | None]:
        scores = scores_for(self.metric, bench.judge, bench.rows, tried.judgements)
        return values_of(scores, self.metric, bench.judge.task.criterion_names)

    def _outcome(self, bench: Bench, rubric: Rubric, stopped: str | None) -> Outcome:
        (group,) = bench.judge.groups
        archive = tuple(
            Candidate(number, tried.rubric, self._values(bench, tried)) for number, tried in enumerate(bench.tried)
        )
        unscored = Candidate(0, bench.judge.rubric, {})
        chosen = next((one for one in archive if one.rubric == rubric), unscored)
        return Outcome(bench.judge.with_rubric(rubric), {group: chosen}, {group: archive or (unscored,)}, stopped)


def sample(rows: Sequence[dspy.Example], count: int, seed: int) -> list[dspy.Example]:
    """A seeded sample in the rows' order (rows of a document side by side); all of them where `count` is all."""
    taken = {id(row) for row in next(draw(rows, count, seed))}
    return [row for row in rows if id(row) in taken]
