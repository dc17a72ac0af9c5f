"""`--conflict embedding`: the paper's suggestion, as a baseline. Embedded suggestions with a negative product conflict.

Each criterion's edits, in words, are embedded; the vectors are the rows that PCGrad, CAGrad or MGDA resolve. The
direction that comes out is a combination of the rows, and a criterion's weight is its share in it. An embedder tells
what a text is about: "be stricter" and "be more lenient" about one thing are near each other, so little can conflict.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from metrics.scores import Values
from programs.backends.embedder import embed
from programs.optimizer.conflict.edits import as_note, sentence_of, split_into_edits
from programs.optimizer.conflict.resolution import SMALLEST, Combine, ranked
from programs.optimizer.plugs import Moment, Resolve
from programs.records.unanswered import NO_REPLY
from signatures.edits import Edit
from signatures.records import Note


def by_embedding(combine: Combine, edits: int) -> Resolve:
    """The edits of the criteria whose suggestions have a positive weight, those of the greatest weight first."""

    def resolve(gradients: list[Note], moment: Moment) -> list[Note]:
        proposed = split_into_edits(gradients, moment, edits)
        vectors = _vectors(_suggestions(proposed.edits, moment), moment)
        names = list(vectors)
        rows = np.array([vectors[name] for name in names])
        weights = shares(rows, combine, (moment.search.seed, moment.number)) if names else np.empty(0)
        order = [names[place] for place in ranked(weights) if weights[place] > SMALLEST]
        kept = [edit for name in order for edit in proposed.edits if edit.criterion == name]
        products = [float(rows[one] @ rows[other]) for one, other in combinations(range(len(names)), 2)]
        moment.told["resolve"] = {
            "steps": 1,
            **proposed.counts(),
            "kept": len(kept),
            "without_feedback": int(not kept),
            "embedded": len(names),
            "conflicts": sum(product < 0 for product in products),
            "fired": int(any(product < 0 for product in products)),
            "changed": int(len(order) < len(names)),
            "edits": [{**vars(edit), "text": sentence_of(edit, moment.judge)} for edit in proposed.edits],
            "weights": {name: round(float(weight), 6) for name, weight in zip(names, weights, strict=True)},
            "cosines": [round(product, 6) for product in products],
        }
        return [as_note(edit, moment.judge) for edit in kept]

    return resolve


def shares(rows: Values, combine: Combine, seed: tuple[int, ...]) -> Values:
    """The weight (K,) of each row of (K, D) in the direction that the method finds: it lies in what the rows span."""
    direction = combine(rows, np.random.default_rng(seed))
    return np.asarray(np.linalg.lstsq(rows.T, direction, rcond=None)[0], dtype=np.float64)


def _suggestions(edits: Sequence[Edit], moment: Moment) -> dict[str, str]:
    """Criterion -> its edits in words; criteria without any are left out."""
    of: dict[str, list[str]] = {name: [] for name in moment.judge.task.criterion_names}
    for edit in edits:
        of[edit.criterion].append(sentence_of(edit, moment.judge))
    return {name: " ".join(sentences) for name, sentences in of.items() if sentences}


def _vectors(suggestions: Mapping[str, str], moment: Moment) -> dict[str, Values]:
    """Criterion -> its suggestion as a unit vector; what could not be embedded is left out."""
    search, planned = moment.search, len(moment.judge.task.criteria)

    def vector(text: str) -> Values | None:
        try:
            found = np.array(embed(search.roles.lms["embed"], text))
        except NO_REPLY:
            return None
        return found / length if found.size and (length := float(np.linalg.norm(found))) else None

    found = search.pool.map("embed", vector, list(suggestions.values()), planned)
    return {name: each for name, each in zip(suggestions, found, strict=True) if each is not None}
