"""Which of the accepted judges is kept in the end, for each head by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from metrics.paired import values
from metrics.scores import Scores
from signatures.records import Group, Rubric

FINALISTS = 3
"""How many of the best are scored again on reserved rows: more would bring the winner's curse back in."""


@dataclass(frozen=True)
class Candidate:
    """One head's accepted rubrics after a step, and the metric per criterion on the gate's validation rows."""

    step: int
    rubric: Rubric
    values: Mapping[str, float | None]
    reserved: Mapping[str, float | None] | None = None


Archive = Mapping[Group, tuple[Candidate, ...]]
"""Every head's accepted candidates in the order of the steps, the initial one first."""


def standing(found: Mapping[str, float | None]) -> tuple[int, float]:
    """Sorts candidates: first by how many criteria are defined (not constant), then by their mean."""
    defined = [value for value in found.values() if value is not None]
    return len(defined), sum(defined) / len(defined) if defined else 0.0


def finalists(archive: Archive, count: int = FINALISTS) -> list[dict[Group, Candidate]]:
    """The `count` best of every head as judges to score: the i-th holds each head's i-th best (or its last one)."""
    ranked = {group: _ranked(candidates)[:count] for group, candidates in archive.items()}
    most = max(len(best) for best in ranked.values())
    return [{group: best[min(place, len(best) - 1)] for group, best in ranked.items()} for place in range(most)]


def keep_best(archive: Archive, metric: str, score: Callable[[Rubric], Scores] | None = None) -> dict[Group, Candidate]:
    """Each head's best candidate by the metric; ties go to the earlier step.

    With `score` (rubric -> scores on reserved validation rows) the best three are scored again and the best on these
    rows is kept. Without, the gate's own rows decide, and the winner's validation value is biased upward.
    """
    final = finalists(archive)
    if score is None or len(final) == 1:
        return final[0]
    again: dict[Group, list[Candidate]] = {group: [] for group in archive}
    for heads in final:
        scores = score({name: text for chosen in heads.values() for name, text in chosen.rubric.items()})
        for group, chosen in heads.items():
            again[group].append(replace(chosen, reserved=values(scores, metric, group)))
    return {group: max(rescored, key=_standing_again) for group, rescored in again.items()}


def _ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (standing(one.values), -one.step), reverse=True)


def _standing_again(one: Candidate) -> tuple[tuple[int, float], int]:
    return standing(one.reserved or {}), -one.step
