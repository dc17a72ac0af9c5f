"""Ways to break the optimizer's logic, by patching one place of it; each must fail the checks named beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import pytest

from programs.optimizer import gate, guards, incumbent, keep, plugs, shown, stages, teleprompter
from programs.optimizer.judge import Judge
from signatures.records import Note
from tests.world.checks import failed


@dataclass(frozen=True)
class Mutation:
    """`break_it` patches the loop; `caught_by` are the checks that must fail, others may."""

    break_it: Callable[[pytest.MonkeyPatch], None]
    caught_by: frozenset[str]


def _wrap(place: Any, name: str, change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Puts `change(original, *arguments)` in the place of a function."""
    original = getattr(place, name)
    return lambda patch: patch.setattr(place, name, lambda *args, **kwargs: change(original, *args, **kwargs))


def _turned(names: tuple[str, ...]) -> dict[str, str]:
    """Each criterion's neighbour."""
    return dict(zip(names, [*names[1:], names[0]], strict=True))


def _notes_of_the_neighbour(
    forward: Any, self: Any, judge: Judge, batch: Any, notes: Any, *rest: Any, **more: Any
) -> Any:
    to = _turned(judge.task.criterion_names)
    moved = [replace(note, group=tuple(to[name] for name in note.group)) for note in notes]
    return forward(self, judge, batch, moved, *rest, **more)


def _rewrites_for_the_neighbour(forward: Any, self: Any, judge: Judge, *rest: Any, **more: Any) -> Any:
    to = _turned(judge.task.criterion_names)
    return {to[name]: text for name, text in forward(self, judge, *rest, **more).items()}


def _inverted(compare: Any, before: Any, after: Any, *rest: Any, **more: Any) -> Any:
    return compare(after, before, *rest, **more)


def _swapped(comparison: Any, criterion: Any, judge: float, human: float) -> Any:
    return comparison(criterion, human, judge)


def _stale(consider: Any, self: Any, *rest: Any) -> Any:
    before = list(self._current.judgements)
    verdicts = consider(self, *rest)
    self._current.judgements = before
    return verdicts


def _refused_ones_too(consider: Any, self: Any, number: int, proposal: Any, looks: Any) -> Any:
    verdicts = consider(self, number, proposal, looks)
    self._current.judge = self.judge.with_rubric(proposal)
    return verdicts


def _last(archive: Any, *rest: Any) -> Any:
    return {group: accepted[-1] for group, accepted in archive.items()}


def _worst(compare: Any, found: Any, metric: str) -> Any:
    known, value = compare(found, metric)
    return known, -value


def _first_row_only(forward: Any, *args: Any, **more: Any) -> Any:
    return forward(*args, **more)[:1]


MUTATIONS: Mapping[str, Mutation] = {
    "the rewriter gets the neighbour's gradients": Mutation(
        _wrap(stages.RewriteStage, "forward", _notes_of_the_neighbour), frozenset({"learns", "true_rules"})
    ),
    "the wrong criterion is rewritten": Mutation(
        _wrap(stages.RewriteStage, "forward", _rewrites_for_the_neighbour), frozenset({"true_rules"})
    ),
    "notes go to those whom they do not concern": Mutation(
        _wrap(Note, "concerns", lambda concerns, *args: not concerns(*args)), frozenset({"learns"})
    ),
    "the gate is inverted": Mutation(_wrap(gate, "paired_draws", _inverted), frozenset({"learns"})),
    "the gate keeps everything": Mutation(
        _wrap(gate, "_shortfall", lambda shortfall, *args: None), frozenset({"never_worse"})
    ),
    "every batch is the first one": Mutation(
        _wrap(plugs, "draw", lambda draw, *args: repeat(next(draw(*args)))), frozenset({"moves_on"})
    ),
    "losses take the judge's score for the human one": Mutation(
        _wrap(stages, "Comparison", _swapped), frozenset({"learns", "true_rules"})
    ),
    "the last judge is kept, not the best": Mutation(
        _wrap(incumbent, "keep_best", lambda original, *args: _last(*args)), frozenset({"best_kept"})
    ),
    "the worst judge is kept": Mutation(_wrap(keep, "standing", _worst), frozenset({"best_kept"})),
    "scores on validation rows go stale": Mutation(
        _wrap(incumbent.Incumbent, "consider", _stale), frozenset({"fresh"})
    ),
    "refused rewrites are carried on": Mutation(
        _wrap(incumbent.Incumbent, "consider", _refused_ones_too), frozenset({"accepted_only"})
    ),
    "the critics see another text": Mutation(
        _wrap(shown, "text_of", lambda text_of, judge, row: text_of(judge, row.copy(text=row["text"][::-1]))),
        frozenset({"learns"}),
    ),
    "batches are judged by the initial rubrics": Mutation(
        _wrap(teleprompter, "Batch", lambda batch, rows, judgements: batch(rows, _as_at_first(rows, judgements))),
        frozenset({"fresh"}),
    ),
    "only the first row's gradient is used": Mutation(
        _wrap(stages.GradientStage, "forward", _first_row_only), frozenset({"all_rows_count"})
    ),
    "the guard refuses everything": Mutation(
        lambda patch: patch.setitem(guards.GUARDS, "on", lambda judge, batch, proposal: ({}, {})),  # type: ignore[arg-type]
        frozenset({"learns"}),
    ),
}


def _as_at_first(rows: Any, judgements: Any) -> Any:
    """Middling scores, as of a judge that was told nothing."""
    return [replace(each, scores=dict.fromkeys(each.scores, 3)) for each in judgements]


def missed(name: str) -> set[str]:
    """The checks that must fail under a mutation and do not."""
    with pytest.MonkeyPatch.context() as patch:
        MUTATIONS[name].break_it(patch)
        return set(MUTATIONS[name].caught_by) - failed(MUTATIONS[name].caught_by)
