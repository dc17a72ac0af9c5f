"""What must hold of any run in a world, whatever its seed: the checks that a broken optimizer fails.

Each looks at what a trial did from outside: its steps, its rows, its prompts' effects. None knows the loop's code.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import pairwise
from statistics import mean

from metrics.metric import METRICS
from programs.optimizer.outcome import Outcome
from programs.optimizer.scoring import judge_rows, scores_of
from tests.world.speech import rules_in
from tests.world.trial import Trial, trial
from tests.world.world import INERT

LEARNABLE = replace(INERT, criteria=2, rules=4, distraction=0.0, mishaps=0.0, seed=1)
"""Small and easy: what a working optimizer does here is clear at once."""

SIZES = {"train_size": 16, "val_size": 60, "test_size": 60, "steps": 5, "batch_size": 4}


def learns(done: Trial, outcome: Outcome) -> bool:
    """The kept judge agrees with the raters on test rows far better than the initial one."""
    return done.agreement(outcome.judge) > done.agreement(done.start) + 0.12


def true_rules(done: Trial, outcome: Outcome) -> bool:
    """Most of what the proposals state is true, and about the criterion that they state it of."""
    hidden = done.world.hidden
    found = [
        rule.way * hidden[name].get(rule.word, 0) > 0
        for step in done.steps
        for name, text in step.proposal.items()
        for rule in rules_in(text)
    ]
    return bool(found) and mean(found) > 0.65


def never_worse(done: Trial, outcome: Outcome) -> bool:
    """Through the gate no criterion's validation value falls from step to step."""
    values = [step.validation for step in done.steps]
    return all(after[name] >= before[name] for before, after in pairwise(values) for name in after)  # type: ignore[operator]


def moves_on(done: Trial, outcome: Outcome) -> bool:
    """An epoch of batches sees every training row once."""
    seen = [str(row["row_id"]) for step in done.steps[1:5] for row in step.batch.rows]
    return sorted(seen) == sorted(str(row["row_id"]) for row in done.splits.train)


def fresh(done: Trial, outcome: Outcome) -> bool:
    """A batch is scored by the judge that its step begins with; validation values are those of the one it ends with."""
    with done.roles.playing("judge"):
        for before, step in pairwise(done.steps):
            scores = [dict(each.scores) for each in judge_rows(before.judge, step.batch.rows, done.pool)]
            if scores != [dict(each.scores) for each in step.batch.judgements]:
                return False
            rows = done.gated
            again = scores_of(step.judge, rows, judge_rows(step.judge, rows, done.pool))
            columns = zip(again.names, again.judge.T, again.human.T, strict=True)
            if any(METRICS["spearman"](mine, theirs) != step.validation[name] for name, mine, theirs in columns):
                return False
    return True


def accepted_only(done: Trial, outcome: Outcome) -> bool:
    """A criterion's rubric changes exactly where its verdict says so, and then to the proposal's."""
    for before, step in pairwise(done.steps):
        for verdict in step.verdicts:
            for name in verdict.group:
                expected = (
                    step.proposal.get(name, before.judge.rubric[name]) if verdict.kept else before.judge.rubric[name]
                )
                if step.judge.rubric[name] != expected:
                    return False
    return True


def best_kept(done: Trial, outcome: Outcome) -> bool:
    """Where every rewrite is accepted, the judge is kept that was best for its criterion on the validation rows."""
    again = trial(replace(done.world, distraction=0.6), "Single", **{**SIZES, "gate": "none", "reserve": 0.0})
    kept = again.run()
    rubrics = {name: [step.judge.rubric[name] for step in again.steps] for name in again.world.names}
    values = {name: [step.validation[name] or 0.0 for step in again.steps] for name in again.world.names}
    return all(
        kept.judge.rubric[name] == rubrics[name][found.index(max(found))] for name, found in values.items()
    ) and any(found.index(max(found)) < len(found) - 1 for found in values.values())


def all_rows_count(done: Trial, outcome: Outcome) -> bool:
    """Every row of a batch with a wrong score is spoken of in a gradient."""
    return all(
        {note.row for note in step.gradients} == {str(row["row_id"]) for row in step.batch.rows}
        for step in done.steps[1:]
    )


Check = Callable[[Trial, Outcome], bool]
CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (learns, true_rules, never_worse, moves_on, all_rows_count, fresh, accepted_only, best_kept)
}


def failed(names: Collection[str] = tuple(CHECKS)) -> set[str]:
    """Which of these checks the optimizer, as it is now, fails; a run that ends in an error fails them all."""
    try:
        done = trial(LEARNABLE, "Single", **SIZES)
        outcome = done.run()
        return {name for name in names if not CHECKS[name](done, outcome)}
    except (AssertionError, IndexError, KeyError, TypeError, ValueError):
        return set(names)
