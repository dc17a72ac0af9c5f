"""The last accepted judge, with its validation scores and everything that was accepted before it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import dspy

from metrics.metric import RANKED
from metrics.scores import Scores
from programs.optimizer.calibrating import UNCALIBRATED, Spare, Uncalibrated
from programs.optimizer.gate import Verdict
from programs.optimizer.judge import Judge
from programs.optimizer.judged import Judged, Score
from programs.optimizer.keep import Archive, Candidate, candidate_of, keep_best, rescorings, undecided, values_of
from programs.optimizer.outcome import Outcome
from programs.optimizer.race import Look
from programs.optimizer.rubrics import names_of, part_of, union
from programs.optimizer.scoring import scores_for
from programs.optimizer.tried import Archived
from signatures.records import Group, Judgement, Rubric


class Incumbent:
    """Each step starts from `judge`; `consider` replaces the heads whose rewrite the gate accepts. `archived` is what
    was proposed and measured, kept or not.

    `rows` are the gate's validation rows; without any, nothing is scored. `begin` scores the initial judge on them.
    Accepted judges are calibrated. By a metric of ranks judges are compared as they are read, so that no map is fitted
    for a proposal; by another one a proposal has its own map, as the judge that it is compared with has.
    """

    def __init__(
        self,
        judge: Judge,
        rows: Sequence[dspy.Example],
        score: Score,
        metric: str,
        spare: Spare = lambda *_: None,
        calibrate: Uncalibrated = UNCALIBRATED,
    ) -> None:
        self._rows = rows
        self._score = score
        self._spare = spare
        self._metric = metric
        self.calibrate = calibrate
        self._accepted = {0: self._judged(judge)}
        self.archived = Archived()
        self._archive: Archive = {group: (Candidate(0, judge.rubric_of(group), {}),) for group in judge.groups}

    @property
    def _current(self) -> Judged:
        return self._accepted[max(self._accepted)]

    @property
    def judge(self) -> Judge:
        """The last accepted one."""
        return self._current.judge

    def begin(self) -> None:
        """Calibrates the initial judge and scores it on the gate's rows."""
        self._current.judge = self.calibrate(self.judge)
        self._current.up_to(len(self._rows), self._score)
        self._archive = {group: (self._candidate(0, group),) for group in self.judge.groups}

    def consider(self, number: int, proposal: Rubric, looks: Sequence[Look]) -> list[Verdict]:
        """The gate's verdict on each head of the proposal; accepted heads become the incumbent's.

        Rows are judged up to the look at which the last head is decided. What an accepted judge has not judged by then
        is judged when a later look, or the choice of the best, needs it.
        """
        fits = self.calibrate.fits
        changed = [group for group in self.judge.groups if self._changes(group, proposal)]
        rewritten = self._judged(self.judge)
        verdicts = self._decided(changed, proposal, rewritten, looks)
        self.archived.add(number, proposal, rewritten, verdicts.values())
        kept = [group for group, verdict in verdicts.items() if verdict.kept]
        if kept:
            self._replace(number, kept, proposal, rewritten)
        else:
            self._leave(rewritten)
        if self.calibrate.fits == fits:
            self.calibrate.spare(self.judge)
        return [verdicts.get(group) or _unchanged(group) for group in self.judge.groups]

    def compared(self, number: int, proposal: Rubric) -> tuple[Scores, Scores]:
        """Scores of all of the gate's rows before a step and with its whole proposal, whatever comes of it."""
        rewritten = self.measured(self.judge.with_rubric(proposal))
        self.archived.add_whole(number, rewritten)
        return self._current.scores(), rewritten.scores()

    def measured(self, judge: Judge) -> Judged:
        """Another judge on all of the gate's rows."""
        judged = self._judged(self._comparable(judge))
        judged.up_to(len(self._rows), self._score)
        return judged

    def best(self) -> Judge:
        """The best accepted one on all of the gate's rows, each head by itself."""
        self._settle({*self._accepted})
        best = keep_best(self._archive, self._metric)
        return self.judge.with_rubric(union(one.rubric for one in best.values()))

    def add_finalist(self, number: int, judged: Judged) -> None:
        """One more judge to choose from in the end, and the last accepted one from now on."""
        judged.judge = self.calibrate(judged.judge)
        self._accepted[number] = judged
        self._archive = {
            group: accepted
            if judged.judge.rubric_of(group) in [one.rubric for one in accepted]
            else (*accepted, replace(self._candidate(number, group), added=True))
            for group, accepted in self._archive.items()
        }

    def scored(self, judge: Judge, rows: Sequence[dspy.Example]) -> Scores:
        """Another judge on other rows."""
        judge = self.calibrate.known(judge)
        return scores_for(self._metric, judge, rows, self._score(judge, rows))

    def leave(self, rows: Sequence[dspy.Example] | None = None) -> None:
        """A judging of the gate's rows, or others, that was planned and is not needed."""
        self._spare(self.judge, self._rows if rows is None else rows)

    @property
    def validation(self) -> dict[str, float | None]:
        """The metric per criterion on the gate's rows judged so far; None where undefined or constant."""
        return values_of(self._current.scores(), self._metric, self.judge.task.criterion_names)

    def outcome(
        self, keep: str, reserved: Sequence[dspy.Example] = (), planned: int = 0, stopped: str | None = None
    ) -> Outcome:
        """The judge to keep: the best by validation, or the last accepted one. `planned` scorings of `reserved` were
        estimated, of which fewer are needed where fewer rewrites were accepted."""
        if stopped is None:
            self._settle(undecided(self._archive, bool(reserved)) if keep == "best" else set())
        if keep == "last":
            chosen = {group: accepted[-1] for group, accepted in self._archive.items()}
        else:
            chosen = keep_best(self._archive, self._metric, self._rescoring(reserved))
            for _ in range(planned - rescorings(self._archive)):
                self._spare(self.judge, reserved)
        accepted = {f"step-{step}": judged for step, judged in self._accepted.items() if not judged.rest}
        judge, measured = (
            self.calibrate.known(self.judge.with_rubric(union(one.rubric for one in chosen.values()))),
            {**accepted, **self.archived.judges},
        )
        return Outcome(judge, chosen, self._archive, stopped, measured)

    def _changes(self, group: Group, proposal: Rubric) -> bool:
        rubric = self.judge.rubric_of(group)
        return any(proposal.get(name, text) != text for name, text in rubric.items())

    def _judged(self, judge: Judge, judgements: Sequence[Judgement] = ()) -> Judged:
        return Judged(judge, self._rows, list(judgements), by_ranks=self._metric in RANKED)

    def _comparable(self, judge: Judge) -> Judge:
        """The judge as far calibrated as its comparison needs."""
        return judge if self._metric in RANKED else self.calibrate(judge)

    def _decided(
        self, changed: Sequence[Group], proposal: Rubric, rewritten: Judged, looks: Sequence[Look]
    ) -> dict[Group, Verdict]:
        """Each changed head's verdict. A head that has lost goes on with its old rubric, whose replies are known."""
        verdicts: dict[Group, Verdict] = {}
        for look in looks:
            racing = [group for group in changed if group not in verdicts]
            if not racing:
                break
            running = names_of(group for group in changed if group not in verdicts or verdicts[group].kept)
            rewritten.judge = self._comparable(self.judge.with_rubric(part_of(proposal, running)))
            self._current.up_to(look.rows, self._score)
            rewritten.up_to(look.rows, self._score)
            before, after = (each.scores(look.rows) for each in (self._current, rewritten))
            found = {group: look.verdict(before, after, group) for group in racing}
            verdicts |= {group: replace(each, rows=look.rows) for group, each in found.items() if each}
        return verdicts

    def _replace(self, number: int, kept: Sequence[Group], proposal: Rubric, rewritten: Judged) -> None:
        """The accepted heads' rubrics and scores take the place of the old ones."""
        names = names_of(kept)
        judgements = [
            Judgement(old.row, {**old.scores, **{name: new.scores[name] for name in names}})
            for old, new in zip(self._current.judgements, rewritten.judgements, strict=False)
        ]
        judge = self.calibrate(self.judge.with_rubric(part_of(proposal, names)))
        self._accepted[number] = self._judged(judge, judgements)
        self._archive = {
            group: (*accepted, self._candidate(number, group)) if group in kept else accepted
            for group, accepted in self._archive.items()
        }

    def _settle(self, wanted: Collection[int]) -> None:
        """Judges the rest of the gate's rows for the accepted judges of these steps, and leaves that of the others."""
        for step, judged in self._accepted.items():
            if step in wanted:
                judged.up_to(len(self._rows), self._score)
            else:
                self._leave(judged)
        self._archive = {
            group: tuple(
                replace(self._candidate(one.step, group), added=one.added) if one.step in wanted else one
                for one in accepted
            )
            for group, accepted in self._archive.items()
        }

    def _leave(self, judged: Judged) -> None:
        """Rows that were planned to be judged and need not be."""
        if judged.rest:
            self._spare(judged.judge, judged.rest)

    def _candidate(self, number: int, group: Group) -> Candidate:
        return candidate_of(number, self._accepted[number], group, self._metric)

    def _rescoring(self, rows: Sequence[dspy.Example]) -> Callable[[Rubric], Scores] | None:
        return (lambda rubric: self.scored(self.judge.with_rubric(rubric), rows)) if rows else None


def _unchanged(group: Group) -> Verdict:
    return Verdict(group, False, "unchanged", {}, {})
