"""`--conflict behaviour`: criteria conflict where an edit that helps one of them hurts another, as the judge shows.

A textual gradient has no direction to compute with. But it can be split into edits, and each edit can be tried: G[k, e]
is by how much edit e alone, in the joint prompt, brings criterion k nearer to the human ratings. A row of G says what
criterion k wants of each edit, as a gradient says what a loss wants of each parameter. PCGrad, CAGrad and MGDA are
applied to these rows as they were published; what comes out is a weight an edit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.scores import Values
from programs.optimizer.conflict.edits import Proposed, as_note, sentence_of, split_into_edits
from programs.optimizer.conflict.effects import NOISE, Effects
from programs.optimizer.conflict.probe import Probe
from programs.optimizer.conflict.resolution import Choose, Combine, Resolution, mean, resolved
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Moment, Resolve
from signatures.edits import Edit
from signatures.records import Note


def by_behaviour(combine: Combine, choose: Choose, edits: int, rows: int, noise: float = NOISE) -> Resolve:
    """The edits that the method keeps are all the feedback that the rewrite gets, best first; without any, none."""
    probe = Probe(rows, edits)

    def resolve(gradients: list[Note], moment: Moment) -> list[Note]:
        proposed = split_into_edits(gradients, moment, edits)
        if not proposed.edits:
            probe.skip(moment.search, moment.judge, 0)
            moment.told["resolve"] = {**_counts(proposed, ()), "unusable": 0}
            return []
        effects = probe.effects(moment.search, moment.judge, proposed.edits)
        criteria, usable = effects.usable
        chosen = [edit for edit, known in zip(proposed.edits, usable, strict=True) if known]
        found = effects.only(criteria, usable)
        seed = (moment.search.seed, moment.number)
        resolution = choose(found, combine, seed, noise) if chosen else Resolution(np.empty(0), np.empty(0), ())
        kept = [chosen[place] for place in resolution.kept]
        moment.told["resolve"] = {
            **_counts(proposed, kept),
            "unusable": len(proposed.edits) - len(chosen),
            **(_conflict(found, combine, seed, noise) if chosen else {}),
            **_matrix(moment.judge, proposed.edits, effects, chosen, resolution),
        }
        return [as_note(edit, moment.judge) for edit in kept]

    return resolve


def _counts(proposed: Proposed, kept: Sequence[Edit]) -> dict[str, int]:
    return {"steps": 1, **proposed.counts(), "kept": len(kept), "without_feedback": int(not kept)}


def _conflict(effects: Effects, combine: Combine, seed: tuple[int, ...], noise: float) -> dict[str, int]:
    """Pairs of criteria in conflict, whether there was any (`fired`), and whether the method keeps other edits than the
    plain mean of all criteria would (`changed`)."""
    against, beyond_noise = effects.conflicts()
    plain, own = resolved(effects, mean, seed, noise), resolved(effects, combine, seed, noise)
    return {
        "conflicts": against,
        "conflicts_beyond_noise": beyond_noise,
        "fired": int(against > 0),
        "changed": int(set(plain.kept) != set(own.kept)),
    }


def _matrix(
    judge: Judge, edits: Sequence[Edit], effects: Effects, chosen: Sequence[Edit], resolution: Resolution
) -> dict[str, Any]:
    """G and its standard errors, a row a criterion and a column an edit, and the weights: for later readers."""
    names, weights = judge.task.criterion_names, dict(zip(chosen, _plain(resolution.weights), strict=True))
    return {
        "edits": [{**vars(edit), "text": sentence_of(edit, judge), "weight": weights.get(edit)} for edit in edits],
        "gains": dict(zip(names, map(_plain, effects.gains), strict=True)),
        "errors": dict(zip(names, map(_plain, effects.errors), strict=True)),
        "order": [edits.index(chosen[place]) for place in resolution.kept],
    }


def _plain(values: Values) -> list[float | None]:
    """As JSON has it; what is undefined is null."""
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]
