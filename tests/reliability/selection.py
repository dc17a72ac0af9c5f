"""How much do the gate and the choice of the best judge flatter what they choose? Simulated judges whose true agreement
is known go through the real gate, incumbent and choice. Run by hand:

    python -m tests.reliability.selection [DATASETS]
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dspy
import numpy as np

from metrics.metric import METRICS
from metrics.scores import Values
from programs.optimizer.draws import divide
from programs.optimizer.gate import RULES, gate
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.judge import Judge
from programs.optimizer.outcome import Outcome
from programs.optimizer.race import single_look
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Judgement
from tests.measured import Figure, keep
from tests.reliability.planted import FIFTHS, Population

COMMAND = "python -m tests.reliability.selection"
DATASETS = 2_000
METRIC = "spearman"
"""The default gate's."""

START = 0.5
"""The initial judge's latent correlation with the ratings."""

CHANGES = (-0.1, -0.05, -0.02, 0.0, 0.05, 0.1)
"""True differences of Spearman between a rewrite and the judge before it."""

GATE_ROWS = (10, 20, 50, 100)
"""The light preset's (20 validation rows, of which half are reserved), and larger ones up to the paper preset's."""

JUDGES = Population("judges", FIFTHS, (START, START))
TASK = Task("planted", "Judge the text.", (Input("text", "Text"),), JUDGES.criteria)
GROUP = TASK.criterion_names
KNOWN_ROWS = 400_000
TEST_ROWS = 100
"""Rows that chose nothing, as the summary's are."""


@lru_cache
def curve() -> tuple[Values, Values]:
    """Latent correlations, and the Spearman that judges with these have on a very large sample."""
    latent = np.linspace(0.0, 0.99, 34)
    huge = JUDGES.draw(np.random.default_rng(0), np.ones(KNOWN_ROWS, dtype=np.intp), tuple(latent - START))
    return latent, np.array([METRICS[METRIC](each.judge[:, 0], each.human[:, 0]) for each in huge], dtype=np.float64)


def true_value(latent: float) -> float:
    return float(np.interp(latent, *curve()))


def latent_of(value: float) -> float:
    latent, values = curve()
    return float(np.interp(value, values, latent))


@dataclass(frozen=True)
class Acceptance:
    """Of rewrites with a true difference, on so many gate rows: how many are accepted, and by how much the difference
    that the gate saw in those exceeds the true one."""

    rule: str
    rows: int
    change: float
    share: float
    flattered: float


def acceptance(rule: str, rows: int, change: float, datasets: int) -> Acceptance:
    accept = gate(METRIC, rule)
    assert accept is not None
    gain = latent_of(true_value(START) + change) - START
    seen = []
    for number in range(datasets):
        random = np.random.default_rng([number, rows])
        before, after = JUDGES.draw(random, np.ones(rows, dtype=np.intp), (0.0, gain))
        verdict = accept(before, after, GROUP)
        if verdict.kept:
            seen.append(verdict.difference)
    return Acceptance(rule, rows, change, len(seen) / datasets, float(np.mean(seen)) - change if seen else np.nan)


@dataclass
class World:
    """The rows of one search, and judges by their rubric: each has a latent correlation and errors of its own."""

    random: np.random.Generator
    rows: int
    latent: dict[str, float] = field(default_factory=dict)
    scores: dict[str, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.quality = self.random.normal(size=(self.rows, len(GROUP)))
        self.alike = self.random.normal(size=(self.rows, len(GROUP)))
        self.add("start", START)

    def add(self, rubric: str, latent: float) -> None:
        own = self.random.normal(size=self.alike.shape)
        errors = np.sqrt(0.5) * (self.alike + own)
        self.latent[rubric] = latent
        self.scores[rubric] = np.searchsorted(FIFTHS, latent * self.quality + np.sqrt(1 - latent**2) * errors)

    def value(self, rubric: str, rows: slice) -> float:
        """The metric on some rows, the mean over the criteria."""
        human = np.searchsorted(FIFTHS, self.quality[rows])
        columns = zip(self.scores[rubric][rows].T, human.T, strict=True)
        return _mean({place: METRICS[METRIC](*column) for place, column in enumerate(columns)})

    def examples(self) -> list[dspy.Example]:
        human = np.searchsorted(FIFTHS, self.quality)
        return [
            dspy.Example(row_id=str(place), document_id=None, **dict(zip(GROUP, map(float, row), strict=True)))
            for place, row in enumerate(human)
        ]

    def score(self, judge: Judge, rows: Sequence[dspy.Example]) -> list[Judgement]:
        """What takes the place of LM calls."""
        given = self.scores[judge.rubric[GROUP[0]]]
        return [
            Judgement(row.row_id, dict(zip(GROUP, map(float, given[int(row.row_id)]), strict=True))) for row in rows
        ]


@dataclass(frozen=True)
class Search:
    """One way to search: its validation rows, what is reserved of them, and what rewrites are like."""

    steps: int
    rows: int
    rule: str
    reserve: float
    spread: float
    """Standard deviation of a rewrite's change of latent correlation; 0: no rewrite changes anything."""

    @property
    def name(self) -> str:
        helps = "no rewrite helps" if not self.spread else "half of the rewrites help"
        return f"{self.steps} steps, {self.rows} validation rows, {self.rule}, reserve {self.reserve:g}, {helps}"


def search(how: Search, seed: int) -> tuple[World, Outcome]:
    world = World(np.random.default_rng([seed, how.steps, how.rows]), how.rows + TEST_ROWS)
    gated, reserved = divide(world.examples()[: how.rows], how.reserve)
    judge = Judge(TASK, rubric=dict.fromkeys(GROUP, "start"))
    incumbent = Incumbent(judge, gated, world.score, METRIC)
    incumbent.begin()
    looks = single_look(gate(METRIC, how.rule, seed=seed), gated)
    for step in range(1, how.steps + 1):
        rubric, now = f"step {step}", world.latent[incumbent.judge.rubric[GROUP[0]]]
        world.add(rubric, float(np.clip(now + how.spread * world.random.normal(), 0, 0.98)))
        incumbent.consider(step, dict.fromkeys(GROUP, rubric), looks)
    return world, incumbent.outcome("best", reserved)


@dataclass(frozen=True)
class Bias:
    """Means over searches: the kept judge's value minus its true one, on the gate's rows, on reserved rows and on test
    rows; its true gain over the initial judge, and how often that is a loss of more than .02."""

    how: Search
    gate: float
    reserved: float
    test: float
    gain: float
    loses: float
    error: float
    """Standard error of `gate`."""


def bias(how: Search, datasets: int) -> Bias:
    gated, reserved, tested, gains = [], [], [], []
    for seed in range(datasets):
        world, outcome = search(how, seed)
        kept = outcome.chosen[GROUP]
        rubric = kept.rubric[GROUP[0]]
        true = true_value(world.latent[rubric])
        tested.append(world.value(rubric, slice(how.rows, None)) - true)
        gated.append(_mean(kept.values) - true)
        gains.append(true - true_value(START))
        if kept.reserved is not None:
            reserved.append(_mean(kept.reserved) - true)
    means = [float(np.nanmean(each)) if each else np.nan for each in (gated, reserved, tested, gains)]
    error = float(np.nanstd(gated) / np.sqrt(len(gated)))
    return Bias(how, *means, float(np.mean(np.array(gains) < -0.02)), error)


def _mean(values: Any) -> float:
    """NaN where a criterion has no value."""
    return float(np.mean([np.nan if value is None else value for value in values.values()]))


def acceptance_figures(found: Sequence[Acceptance]) -> list[Figure]:
    figures = []
    for rule in RULES:
        own = [each for each in found if each.rule == rule]
        equal = [each.share for each in own if each.change == 0]
        most = 0.23 if rule == "probable" else 0.6
        figures.append(
            Figure(
                f"gate ({rule}): rewrites accepted that change nothing, on {_listed(GATE_ROWS)} rows",
                _listed(f"{share:.0%}" for share in equal),
                "20 +- 3 %" if rule == "probable" else "half (and ties)",
                max(equal) <= most and (rule != "probable" or min(equal) >= 0.17),
            )
        )
        for change in CHANGES:
            if change:
                shares = [each.share for each in own if each.change == change]
                word, right = ("worse", shares[-1] < equal[-1]) if change < 0 else ("better", shares[-1] > equal[-1])
                figures.append(
                    Figure(
                        f"gate ({rule}): rewrites accepted that are truly {word} by {abs(change):.2f} (Spearman)",
                        _listed(f"{share:.0%}" for share in shares),
                        "fewer than of equal ones" if change < 0 else "more than of equal ones",
                        right,
                    )
                )
    return figures


def bias_figures(found: Sequence[Bias]) -> list[Figure]:
    figures = []
    for without, reserved in zip(found[::2], found[1::2], strict=True):
        name = without.how.name.replace(", reserve 0", "")
        gates = f"{without.gate:+.3f} without a reserve, {reserved.gate:+.3f} with half of them reserved"
        others = (
            f"{reserved.reserved:+.3f} on the reserved ones; true gain {without.gain:+.3f} and {reserved.gain:+.3f}"
        )
        what = f"kept judge's Spearman on the gate's rows minus its true one: {name}"
        figures.append(Figure(what, f"{gates} ({others})", "less with a reserve", reserved.gate < without.gate))
    tests = [each.test for each in found]
    return [
        *figures,
        Figure(
            f"kept judge's test Spearman minus its true one, over those {len(found)} ways to search",
            f"{min(tests):+.3f} to {max(tests):+.3f}",
            "0 +- .01",
            max(map(abs, tests)) <= 0.01,
        ),
    ]


def _listed(values: Any) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}"


def main() -> int:
    os.nice(10)
    datasets = int(sys.argv[1]) if len(sys.argv) > 1 else DATASETS
    accepted = []
    for rule in RULES:
        for rows in GATE_ROWS:
            for change in CHANGES:
                accepted.append(acceptance(rule, rows, change, datasets))
                print(accepted[-1], flush=True)
    chosen = []
    for steps, rows in ((2, 20), (12, 100)):
        for rule in RULES:
            for spread in (0.0, 0.05):
                for reserve in (0.0, 0.5):
                    chosen.append(bias(Search(steps, rows, rule, reserve, spread), datasets // 4))
                    print(chosen[-1], flush=True)
    return keep("selection", "reliability", 7, COMMAND, [*acceptance_figures(accepted), *bias_figures(chosen)])


if __name__ == "__main__":
    raise SystemExit(main())
