"""Rated rows from a population whose agreement is known: normal qualities cut into levels, in documents.

The truth of any metric on a population is its value on a sample so large that its own error does not matter.
"""

from dataclasses import dataclass

import numpy as np

from metrics.scores import Codes, Scores, Values
from signatures.records import Criterion

HALF = 0.5
"""Share of the variance that two criteria, and the errors of two judges, have in common."""


@dataclass(frozen=True)
class Population:
    """Criteria on one scale from 0: `cuts` of a standard normal into levels, and each criterion's latent correlation of
    judge and rating.

    `alike` is the share of the variance that lies between documents; ratings are means of `raters`, whose own noise has
    the variance `noise`.
    """

    name: str
    cuts: tuple[float, ...]
    agreement: tuple[float, ...]
    alike: float = 0.4
    raters: int = 1
    noise: float = 0.0

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        return tuple(Criterion(f"c{place}", 0, len(self.cuts)) for place in range(len(self.agreement)))

    def draw(self, random: np.random.Generator, sizes: Codes, gains: tuple[float, ...] = (0.0,)) -> list[Scores]:
        """Judges of the same rows, from documents with so many rows each: one a gain of latent correlation.

        Judges with equal gains are equally good and err half alike.
        """
        documents = np.repeat(np.arange(len(sizes)), sizes)
        common = self._field(random, documents)[:, :1]
        quality = HALF**0.5 * common + (1 - HALF) ** 0.5 * self._field(random, documents)
        ratings = [quality + self.noise**0.5 * random.normal(size=quality.shape) for _ in range(self.raters)]
        given = np.stack([self._levels(each / (1 + self.noise) ** 0.5) for each in ratings], axis=2)
        codes, raters = documents if len(sizes) < len(documents) else None, given if self.raters > 1 else None
        alike = self._field(random, documents)
        return [
            Scores(
                self.criteria,
                given.mean(axis=2),
                self._judge(random, documents, quality, alike, gain),
                codes,
                None,
                raters,
            )
            for gain in gains
        ]

    def _judge(
        self, random: np.random.Generator, documents: Codes, quality: Values, alike: Values, gain: float
    ) -> Values:
        errors = HALF**0.5 * alike + (1 - HALF) ** 0.5 * self._field(random, documents)
        follows = np.clip(np.array(self.agreement) + gain, -1, 1)
        return self._levels(follows * quality + np.sqrt(1 - follows**2) * errors)

    def _field(self, random: np.random.Generator, documents: Codes) -> Values:
        """(n, K) standard normals, of which the rows of a document share a part."""
        shape = (int(documents[-1]) + 1, len(self.agreement))
        between = random.normal(size=shape)[documents]
        return self.alike**0.5 * between + (1 - self.alike) ** 0.5 * random.normal(size=between.shape)

    def _levels(self, latent: Values) -> Values:
        return np.searchsorted(self.cuts, latent).astype(np.float64)


FIFTHS = (-0.84, -0.25, 0.25, 0.84)

EVEN = Population("even", FIFTHS, (0.35, 0.7))
"""Five levels, used alike; a poor and a fair criterion."""

CLOSE = Population("close", FIFTHS, (0.9, 0.97), raters=3, noise=0.2)
"""Near the upper bound: a judge as good as they get, and means of three raters."""

RARE = Population("rare", (0.7, 1.2, 1.8), (0.4, 0.75))
"""Three quarters of the ratings are 0, as emotions in short texts are."""

POPULATIONS = (EVEN, CLOSE, RARE)
