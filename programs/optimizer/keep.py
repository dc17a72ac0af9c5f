"""Which of the accepted judges is kept in the end, for each head by itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from metrics.collapse import varies
from metrics.metric import METRICS
from metrics.scores import Scores
from metrics.ties import choose_ties
from programs.optimizer.judged import Judged
from signatures.records import Group, Rubric

FINALISTS = 3
"""How many of the best are scored again on reserved rows: more would bring the winner's curse back in."""

Values = Mapping[str, float | None]
"""Criterion -> a metric; None where it is undefined, or where a side is constant and so ranks nothing."""


@dataclass(frozen=True)
class Candidate:
    """One head's accepted rubrics after a step, and the metric per criterion on validation rows.

    `values` were measured on the gate's rows, `reserved` on the reserved ones (None: not a finalist). `epsilon` is, for
    real scores, the difference up to which two are best called tied on the gate's rows, by criterion. An `added` one
    comes of no step: it is a finalist beside the best of them.
    """

    step: int
    rubric: Rubric
    values: Values
    reserved: Values | None = None
    epsilon: Mapping[str, float] = field(default_factory=dict)
    added: bool = False


def candidate_of(step: int, judged: Judged, group: Group, metric: str) -> Candidate:
    """One head of a judge that was accepted after that step."""
    ties = choose_ties(judged.calibrated.columns(group), "validation rows")
    values = values_of(judged.scores(), metric, group)
    return Candidate(step, judged.judge.rubric_of(group), values, epsilon=ties.epsilon if ties else {})


Archive = Mapping[Group, tuple[Candidate, ...]]
"""Every head's accepted candidates in the order of the steps, the initial one first."""


def values_of(scores: Scores, metric: str, names: Group) -> dict[str, float | None]:
    """The metric per criterion, pooled over the rows."""
    columns = {name: scores.names.index(name) for name in names}
    return {
        name: METRICS[metric](scores.judge[:, column], scores.human[:, column]) if varies(scores, column) else None
        for name, column in columns.items()
    }


def standing(found: Values, metric: str) -> tuple[int, float]:
    """Sorts candidates: by how many criteria have a value, then by their mean, turned so that higher is better."""
    known = [value for value in found.values() if value is not None]
    return len(known), METRICS[metric].orientation * sum(known) / len(known) if known else 0.0


def finalists(archive: Archive, metric: str, count: int = FINALISTS) -> list[dict[Group, Candidate]]:
    """The `count` best of every head, and those added, as judges to score: the i-th holds each head's i-th best (or its
    last one)."""

    def rank(one: Candidate) -> tuple[tuple[int, float], int]:
        return standing(one.values, metric), -one.step

    ranked = {group: sorted(_of_steps(all_), key=rank, reverse=True)[:count] for group, all_ in archive.items()}
    ranked = {group: [*best, *(one for one in archive[group] if one.added)] for group, best in ranked.items()}
    most = max(len(best) for best in ranked.values())
    return [{group: best[min(place, len(best) - 1)] for group, best in ranked.items()} for place in range(most)]


def most_finalists(steps: int) -> int:
    """How many judges can come to be scored on reserved rows after so many steps."""
    return min(FINALISTS, steps + 1)


def rescorings(archive: Archive) -> int:
    """How many judges `keep_best` scores again: none where there is nothing to choose from."""
    final = max(min(FINALISTS, len(_of_steps(all_))) + sum(one.added for one in all_) for all_ in archive.values())
    return final if final > 1 else 0


def undecided(archive: Archive, rescored: bool) -> set[int]:
    """The steps whose judges `keep_best` compares by their values on the gate's rows, so that these must be all rows.

    Where the finalists are scored again on reserved rows, the gate's values only say which the finalists are.
    """
    fewest = FINALISTS if rescored else 1
    return {one.step for accepted in archive.values() if len(accepted) > fewest for one in accepted}


def _of_steps(accepted: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in accepted if not one.added]


def keep_best(archive: Archive, metric: str, score: Callable[[Rubric], Scores] | None = None) -> dict[Group, Candidate]:
    """Each head's best candidate by the metric; ties go to the earlier step.

    With `score` (rubric -> scores on reserved validation rows) the best three are scored again and the best on these
    rows is kept. Without, the gate's own rows decide, and the winner's validation value is biased upward.
    """
    final = finalists(archive, metric)
    if score is None or len(final) == 1:
        return {
            group: max(accepted, key=lambda one: (standing(one.values, metric), -one.step))
            for group, accepted in archive.items()
        }
    again: dict[Group, dict[int, Candidate]] = {group: {} for group in archive}
    for heads in final:
        scores = score({name: text for chosen in heads.values() for name, text in chosen.rubric.items()})
        for group, chosen in heads.items():
            rescored = replace(chosen, reserved=values_of(scores, metric, group))
            again[group].setdefault(chosen.step, rescored)  # the luckier of two scorings of one judge would be biased

    def rank(one: Candidate) -> tuple[tuple[int, float], int]:
        return standing(one.reserved or {}, metric), -one.step

    return {group: max(rescored.values(), key=rank) for group, rescored in again.items()}


def optimism(chosen: Iterable[Candidate], tested: Scores, metric: str) -> dict[str, Any]:
    """How much better the kept judge looked on the validation rows that chose it than on the test rows.

    Turned so that positive is optimism, whatever the metric; None where a criterion is undefined on either side.
    """
    gated = {name: value for one in chosen for name, value in one.values.items()}
    test = values_of(tested, metric, tested.names)
    pairs = [(gated.get(name), value) for name, value in test.items()]
    gaps = [seen - value for seen, value in pairs if seen is not None and value is not None]
    mean = METRICS[metric].orientation * sum(gaps) / len(gaps) if len(gaps) == len(test) else None
    return {"metric": metric, "validation_minus_test": mean}
