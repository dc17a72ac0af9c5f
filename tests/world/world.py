"""The amounts of a simulated world, its hidden rules, and the worlds that are tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.world.chance import shuffled, uniform

CRITERIA = ("clarity", "warmth", "rigour", "humour", "candour", "poise")
VOCABULARY = tuple(
    first + last
    for first in ("ba", "de", "fi", "go", "ku", "la", "me", "no")
    for last in ("rim", "sol", "tak", "vun", "zel", "pod")
)
"""What a text can have: words without a meaning, so that nothing but ratings tells what they are worth."""


@dataclass(frozen=True)
class World:
    """Every amount of the simulation. A share is a probability; strengths are in points of a criterion's scale (1-5).

    How well anything can be known:
    `criteria`, `rules`       how many criteria there are, and hidden rules (a word raises or lowers it) each has
    `common`                  share of the rules that all criteria have in common
    `words`                   words of a text
    `signal`                  points that a rule of weight 1 moves a rating; 0: ratings are noise
    `raters`, `rater_noise`   raters of a row, whose mean is its rating, and the spread of each around the rules

    The judge's LM:
    `knack`                   share of a hidden rule that it follows unasked, where its rubric does not state the rule
    `prejudice`               spread of what it makes of a word that no stated rule speaks of
    `judge_noise`             spread of its error, drawn anew for every rubric
    `wobble`                  spread of the part that another seed draws anew
    `interference`            spread that 100 words of the neighbours' rubrics in the same prompt add
    `borrowing`               share of the rules it lacks that it takes from a neighbour's rubric which states them

    The critics, for every extra criterion that a call is about (nothing of it happens in a call about one):
    `silence`                 share of a joint loss's verdicts that are left out
    `dilution`                share of the rules that a joint gradient would name and does not
    `blur`                    share of those that it names without saying for which criterion
    `teaching`                share of the rules found for one criterion that it also names for others that have them
    `forgetting`              share of the rules, old and new, that a joint rewrite leaves out
    `mixing`                  share of the rules that a joint rewrite puts in a neighbour's rubric

    The critics, whatever the call is about:
    `points`                  most rules that a gradient finds for a criterion in one text
    `distraction`             share of these that are about a word which has nothing to do with the criterion
    `mishaps`                 share of the rewrites that are no rubric but talk about one
    """

    seed: int = 0
    criteria: int = 4
    rules: int = 6
    common: float = 0.0
    words: int = 9
    signal: float = 0.7
    raters: int = 3
    rater_noise: float = 0.5
    knack: float = 0.2
    prejudice: float = 0.25
    judge_noise: float = 0.3
    wobble: float = 0.2
    interference: float = 0.0
    borrowing: float = 0.0
    silence: float = 0.0
    dilution: float = 0.0
    blur: float = 0.0
    teaching: float = 0.0
    forgetting: float = 0.0
    mixing: float = 0.0
    points: int = 1
    distraction: float = 0.1
    mishaps: float = 0.05

    @property
    def names(self) -> tuple[str, ...]:
        return CRITERIA[: self.criteria]

    @property
    def point(self) -> float:
        """How far a rule of weight 1 moves the judge, also where ratings do not follow rules."""
        return self.signal or World.signal

    @cached_property
    def hidden(self) -> Mapping[str, Mapping[str, int]]:
        """Criterion -> word -> by how much it raises (or, negative, lowers) a rating, in weights of 1 and 2."""
        words = shuffled(VOCABULARY, "vocabulary", self.seed)
        common = round(self.common * self.rules)
        shared, own = words[:common], words[common:]
        of = {
            name: shared + own[place * (self.rules - common) :][: self.rules - common]
            for place, name in enumerate(self.names)
        }
        return {name: self._weights(name, of[name], shared) for name in self.names}

    def _weights(self, name: str, words: list[str], shared: list[str]) -> dict[str, int]:
        """As many words raise as lower, so that no criterion's ratings lean to an end."""
        sides = {word: (1 if place % 2 else -1) for place, word in enumerate(words)}
        return {
            word: sides[word] * (1 + (uniform("weight", "all" if word in shared else name, word, self.seed) < 0.5))
            for word in words
        }


INERT = World()
"""No mechanism tells joint calls from separate ones: no mode can be better than another."""

COLLIDING = World(interference=0.9, silence=0.4, dilution=0.25, blur=0.1, forgetting=0.06, mixing=0.03)
"""The paper's mechanisms: critiques dilute, rewrites forget, long neighbours interfere."""

TRANSFER = World(common=1.0, borrowing=0.8, teaching=0.8)
"""Criteria have all rules in common, and who hears of several at once learns for all of them: joining helps."""

SILENT = World(signal=0.0, knack=0.0)
"""Ratings are noise: there is nothing to learn."""
