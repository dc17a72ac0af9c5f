"""The optimizer in simulated worlds, where what is true is known (docs/simulation.md). It says nothing of real LMs.

    python -m tests.reliability.worlds [SEEDS]

Every figure is a mean over SEEDS (16) worlds with its 95 % interval by Student's t; modes and remedies share worlds, so
differences are paired. Exits with 1 where a target does not hold.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from statistics import mean

import dspy
import numpy as np
from scipy.stats import t as student

from programs.optimizer.modes import MODES
from tests.measured import Figure, keep
from tests.world.mutations import MUTATIONS, missed
from tests.world.remedies import REMEDIES, RIVALS, WITHOUT
from tests.world.trial import trial
from tests.world.world import COLLIDING, INERT, SILENT, TRANSFER, World

NOTED = "in a simulation"
REMEDIED = "SCC"
"""The mode that remedies are tried in: two of its stages and its prompt are joint."""


def main(seeds: str = "16") -> int:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    count = int(seeds)
    figures = [
        *convergence(count),
        *order(count),
        *no_mechanism(count),
        *transfer(count),
        *no_signal(count),
        *remedies(count),
        *mutations(),
    ]
    return keep("worlds", "reliability", 8, "python -m tests.reliability.worlds", figures)


@cache
def reached(world: World, mode: str, settings: tuple[tuple[str, object], ...] = ()) -> tuple[float, float, float, bool]:
    """Spearman on test rows of the initial judge, the kept one and one told the rules; and whether nothing changed."""
    done = trial(world, mode, **dict(settings))
    kept = done.run().judge
    told = done.agreement(done.ceiling)
    return done.agreement(done.start), done.agreement(kept), told, kept.rubric == done.start.rubric


def worlds(world: World, count: int) -> list[World]:
    return [replace(world, seed=seed) for seed in range(count)]


def after(world: World, mode: str, count: int, **settings: object) -> list[float]:
    return [reached(each, mode, tuple(settings.items()))[1] for each in worlds(world, count)]


def gains(world: World, mode: str, count: int, **settings: object) -> list[float]:
    found = [reached(each, mode, tuple(settings.items())) for each in worlds(world, count)]
    return [kept - start for start, kept, *_ in found]


def convergence(count: int) -> list[Figure]:
    steps = {"steps": 16}
    found = [reached(each, "Single", tuple(steps.items())) for each in worlds(INERT, count)]
    shares = [(kept - start) / (told - start) for start, kept, told, _ in found]
    way = f"from {mean(each[0] for each in found):.3f} to {mean(each[1] for each in found):.3f}"
    value = f"{way} of {mean(each[2] for each in found):.3f}: {interval(shares, 2)} of the way"
    what = f"{NOTED}: Single, 16 steps, Spearman on test rows"
    return [Figure(what, value, "over half of the way, with its interval", low(shares) > 0.5)]


def order(count: int) -> list[Figure]:
    found = {mode: after(COLLIDING, mode, count) for mode in MODES}
    means = ", ".join(f"{mode} {mean(values):.3f}" for mode, values in found.items())
    figures = [
        Figure(
            f"{NOTED} of the paper's mechanisms: the modes' Spearman after 8 steps",
            means,
            "Single >= SSS >= SSC >= SCC >= CCC",
            all(mean(found[one]) >= mean(found[other]) for one, other in pairwise(MODES)),
        )
    ]
    for one, other in pairwise(MODES):
        apart = differences(found[one], found[other])
        figures.append(Figure(f"{NOTED}: {one} less {other}", interval(apart), "0 or more", mean(apart) >= 0))
    return figures


def no_mechanism(count: int) -> list[Figure]:
    plain = {"gate": "none", "keep": "last"}
    found = {mode: after(INERT, mode, count, **plain) for mode in MODES}
    widest = max(
        abs(one - other) for values in found.values() for one, other in zip(values, found["Single"], strict=True)
    )
    apart = differences(after(INERT, "Single", count), after(INERT, "CCC", count))
    return [
        Figure(
            f"{NOTED} without a mechanism: widest difference of two modes, no gate", f"{widest:.3f}", "0", widest == 0
        ),
        Figure(
            f"{NOTED} without a mechanism: Single less CCC, default gate", interval(apart), "includes 0", within(apart)
        ),
    ]


def transfer(count: int) -> list[Figure]:
    single = after(TRANSFER, "Single", count)
    found = {mode: differences(after(TRANSFER, mode, count), single) for mode in ("SSC", "CCC")}
    return [
        Figure(
            f"{NOTED} of criteria that share their rules: {mode} less Single",
            interval(apart),
            "above 0",
            mean(apart) > 0,
        )
        for mode, apart in found.items()
    ]


def no_signal(count: int) -> list[Figure]:
    found = [reached(each, REMEDIED) for each in worlds(SILENT, count)]
    gained = [kept - start for start, kept, *_ in found]
    stayed = mean(same for *_, same in found)
    return [
        Figure(f"{NOTED} of ratings that are noise: gain on test rows", interval(gained), "includes 0", within(gained)),
        Figure(
            f"{NOTED} of ratings that are noise: runs that keep the initial judge",
            f"{stayed:.2f}",
            "most",
            stayed > 0.5,
        ),
    ]


def remedies(count: int) -> list[Figure]:
    """What each switch gains or loses in a joint mode; the targets are only those that the method promises."""
    plain = after(COLLIDING, REMEDIED, count)
    figures = [
        Figure(f"{NOTED}: {REMEDIED}, gain of the default run", interval(gains(COLLIDING, REMEDIED, count)), "-", True)
    ]
    for name, settings in {**REMEDIES, **WITHOUT}.items():
        apart = differences(after(COLLIDING, REMEDIED, count, **settings), plain)
        figures.append(Figure(f"{NOTED}: {REMEDIED} with {name}, less the default", interval(apart), "-", True))
    for name, settings in RIVALS.items():
        own = gains(COLLIDING, REMEDIED, count, **settings)
        nothing = "shuffled" in name or "paraphrases" in name
        holds = not nothing or low(own) <= 0
        figures.append(Figure(f"{NOTED}: gain of {name}", interval(own), "no gain" if nothing else "-", holds))
    return figures


def mutations() -> list[Figure]:
    unseen = [name for name in MUTATIONS if missed(name)]
    value = f"{len(MUTATIONS) - len(unseen)} of {len(MUTATIONS)}{': not ' if unseen else ''}{'; '.join(unseen)}"
    return [Figure("breaks of the optimizer's logic that the world's checks catch", value, "all", not unseen)]


def differences(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [mine - theirs for mine, theirs in zip(one, other, strict=True)]


def reach(values: Sequence[float]) -> float:
    """Half the width of the mean's 95 % interval."""
    if len(values) < 2:
        return float("inf")
    return float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))


def low(values: Sequence[float]) -> float:
    return mean(values) - reach(values)


def within(values: Sequence[float]) -> bool:
    """Whether the interval includes 0."""
    return abs(mean(values)) <= reach(values)


def interval(values: Sequence[float], digits: int = 3) -> str:
    return f"{mean(values):+.{digits}f} [{low(values):+.{digits}f}, {mean(values) + reach(values):+.{digits}f}]"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
