"""Made-up judges and raters with known dependence, for the tests of the metrics."""

from collections.abc import Sequence

import numpy as np

from metrics.scores import Scores, Values
from signatures.records import Criterion

NAMES = ("fluency", "relevance")


def criteria(names: Sequence[str] = NAMES, low: int = 1, high: int = 5) -> tuple[Criterion, ...]:
    return tuple(Criterion(name, low, high) for name in names)


def scores(judge: Sequence[float], human: Sequence[float], documents: Sequence[int] | None = None) -> Scores:
    """One criterion, 1-5."""
    columns = (np.array(side, dtype=np.float64)[:, None] for side in (human, judge))
    return Scores(criteria(NAMES[:1]), *columns, None if documents is None else np.array(documents))


def judged(seed: int, documents: int, rows: int, noise: float = 1.0, unscored: float = 0.0) -> Scores:
    """Documents of equally many rows; humans are means of three raters, the judge follows them with `noise`.

    The same seed gives the same human ratings whatever the noise. A single row a document has no document codes.
    """
    people, judge_noise = np.random.default_rng(seed), np.random.default_rng([seed, int(100 * noise)])
    shape = (documents * rows, len(NAMES))
    latent = np.repeat(people.normal(size=(documents, len(NAMES))), rows, axis=0) + people.normal(size=shape)
    human = np.mean([_levels(latent + 0.5 * people.normal(size=shape)) for _ in range(3)], axis=0)
    own = np.repeat(judge_noise.normal(size=(documents, len(NAMES))), rows, axis=0) + judge_noise.normal(size=shape)
    judge = _levels(latent + noise * own)
    judge[judge_noise.random(shape) < unscored] = np.nan
    return Scores(criteria(), human, judge, np.repeat(np.arange(documents), rows) if rows > 1 else None)


def _levels(latent: Values) -> Values:
    return np.clip(np.floor(latent + 3.5), 1, 5)
