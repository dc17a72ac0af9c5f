"""The last accepted judge, with its validation scores and everything that was accepted before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dspy

from metrics.scores import Scores
from metrics.ties import choose_ties
from programs.optimizer.gate import Accept, Verdict
from programs.optimizer.judge import Judge
from programs.optimizer.keep import Archive, Candidate, keep_best, rescorings, values_of
from programs.optimizer.scoring import scores_of
from signatures.records import Group, Judgement, Rubric

Score = Callable[[Judge, Sequence[dspy.Example]], list[Judgement]]
Spare = Callable[[Judge, Sequence[dspy.Example]], object]
"""A planned scoring that nothing depends on (see `Stages`)."""


@dataclass(frozen=True)
class Outcome:
    """The kept judge, every head's chosen candidate, all accepted ones, and what stopped the search early, if it was.

    `stopped` is None, "budget" or "interrupted".
    """

    judge: Judge
    chosen: Mapping[Group, Candidate]
    archive: Archive
    stopped: str | None = None


class Incumbent:
    """Each step starts from `judge`; `consider` replaces the heads whose rewrite the gate accepts.

    `rows` are the gate's validation rows; without any, nothing is scored. `begin` scores the initial judge on them.
    """

    def __init__(
        self, judge: Judge, rows: Sequence[dspy.Example], score: Score, metric: str, spare: Spare = lambda *_: None
    ) -> None:
        self.judge = judge
        self._rows = rows
        self._score = score
        self._spare = spare
        self._metric = metric
        self._judgements: list[Judgement] = []
        self._archive: Archive = {group: (Candidate(0, judge.rubric_of(group), {}),) for group in judge.groups}

    def begin(self) -> None:
        """Scores the initial judge on the gate's rows."""
        self._judgements = self._score(self.judge, self._rows)
        self._archive = {group: (self._candidate(0, group),) for group in self.judge.groups}

    def consider(self, number: int, proposal: Rubric, accept: Accept | None) -> list[Verdict]:
        """The gate's verdict on each head of the proposal; accepted heads become the incumbent's."""
        changed = [group for group in self.judge.groups if self._changes(group, proposal)]
        rewritten = self.judge.with_rubric(proposal)
        judgements = self._score(rewritten, self._rows) if changed else self._as_before()
        verdicts = [
            self._verdict(group, rewritten, judgements, accept) if group in changed else _unchanged(group)
            for group in self.judge.groups
        ]
        kept = [verdict.group for verdict in verdicts if verdict.kept]
        names = {name for group in kept for name in group}
        self.judge = self.judge.with_rubric({name: text for name, text in proposal.items() if name in names})
        self._judgements = [
            Judgement(old.row, {**old.scores, **{name: new.scores[name] for name in names}})
            for old, new in zip(self._judgements, judgements, strict=True)
        ]
        self._archive = {
            group: (*accepted, self._candidate(number, group)) if group in kept else accepted
            for group, accepted in self._archive.items()
        }
        return verdicts

    @property
    def validation(self) -> dict[str, float | None]:
        """The metric per criterion on the gate's rows; None where undefined or constant."""
        return values_of(self._scores(self.judge, self._judgements), self._metric, self.judge.task.criterion_names)

    def outcome(
        self, keep: str, reserved: Sequence[dspy.Example] = (), planned: int = 0, stopped: str | None = None
    ) -> Outcome:
        """The judge to keep: the best by validation, or the last accepted one. `planned` scorings of `reserved` were
        estimated, of which fewer are needed where fewer rewrites were accepted."""
        if keep == "last":
            chosen = {group: accepted[-1] for group, accepted in self._archive.items()}
        else:
            chosen = keep_best(self._archive, self._metric, self._rescoring(reserved) if reserved else None)
            for _ in range(planned - rescorings(self._archive)):
                self._spare(self.judge, reserved)
        rubric = {name: text for one in chosen.values() for name, text in one.rubric.items()}
        return Outcome(self.judge.with_rubric(rubric), chosen, self._archive, stopped)

    def _as_before(self) -> list[Judgement]:
        """What is known of a rewrite that changed nothing."""
        self._spare(self.judge, self._rows)
        return self._judgements

    def _changes(self, group: Group, proposal: Rubric) -> bool:
        rubric = self.judge.rubric_of(group)
        return any(proposal.get(name, text) != text for name, text in rubric.items())

    def _verdict(
        self, group: Group, rewritten: Judge, judgements: Sequence[Judgement], accept: Accept | None
    ) -> Verdict:
        if accept is None:
            return Verdict(group, True, "no gate", {}, {})
        return accept(self._scores(self.judge, self._judgements), self._scores(rewritten, judgements), group)

    def _scores(self, judge: Judge, judgements: Sequence[Judgement]) -> Scores:
        return scores_of(judge, self._rows, judgements)

    def _candidate(self, number: int, group: Group) -> Candidate:
        scores = self._scores(self.judge, self._judgements)
        ties = choose_ties(scores.columns(group), "validation rows")
        return Candidate(
            number,
            self.judge.rubric_of(group),
            values_of(scores, self._metric, group),
            epsilon=ties.epsilon if ties else {},
        )

    def _rescoring(self, rows: Sequence[dspy.Example]) -> Callable[[Rubric], Scores]:
        def rescore(rubric: Rubric) -> Scores:
            judge = self.judge.with_rubric(rubric)
            return scores_of(judge, rows, self._score(judge, rows))

        return rescore


def _unchanged(group: Group) -> Verdict:
    return Verdict(group, False, "unchanged", {}, {})
