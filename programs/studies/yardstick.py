"""One yardstick for all arms of a study: what each is worth over two baselines, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metrics.over_runs import OverRuns
from programs.studies.initial import PLAIN, is_baseline
from programs.studies.resampled import difference
from programs.studies.results import KEPT, Configuration, Result
from programs.studies.table_one import Compared


@dataclass(frozen=True, eq=False)
class Arm:
    """One configuration over its seeds, as a row of both tables; `compared` is its line of Table 1."""

    compared: Compared

    @property
    def configuration(self) -> Configuration:
        return self.compared.configuration

    @property
    def values(self) -> OverRuns:
        return self.compared.after

    @property
    def against_initial(self) -> OverRuns | None:
        """The kept judges minus the joint initial one that is read as they are."""
        return self.compared.against_initial

    @cached_property
    def against_plain(self) -> OverRuns | None:
        """The kept judges minus the plain joint initial one."""
        own, plain = self.configuration, self.configuration.plain_initial
        if plain is None or own.standard == PLAIN:
            return None if plain is None else self.against_initial
        return difference(list(zip(plain, own.scores(KEPT), strict=True)))

    @property
    def search_calls(self) -> float | None:
        """Distinct requests a seed that were no scoring of test rows and no rating; None where a count is missing."""
        return _mean([_searched(run) for run in self.configuration.results])

    @property
    def asked(self) -> dict[str, float]:
        """Distinct requests a seed, by role."""
        runs = self.configuration.results
        roles = dict.fromkeys(role for run in runs for role in run.costs)
        return {role: sum(run.costs.get(role, {}).get("asked_calls", 0) for run in runs) / len(runs) for role in roles}

    def a_row(self, name: str) -> float | None:
        """What the kept judge took a test row: `calls`, `prompt_tokens`, or `evaluated_tokens`."""
        return _mean([took(run, KEPT, name) for run in self.configuration.results])

    @property
    def seconds(self) -> float | None:
        timings = [run.timing for run in self.configuration.results]
        return _mean([each.get("seconds_in_all", each.get("seconds")) for each in timings])

    @property
    def fired(self) -> dict[str, float]:
        """What the remedies count of themselves, a seed: `router.fired`."""
        found: dict[str, float] = {}
        for run in self.configuration.results:
            for remedy, counts in run.summary.get("remedies", {}).items():
                for name, count in counts.items():
                    key = f"{remedy}.{name}"
                    found[key] = found.get(key, 0) + count / len(self.configuration.results)
        return found

    @property
    def steps(self) -> str:
        """As they were done: an arm's budget may have decided."""
        taken = sorted({max(run.gates, default=0) for run in self.configuration.results})
        return ", ".join(map(str, taken))


@dataclass(frozen=True, eq=False)
class Ablation:
    """All arms of a task; `reference` is the one whose calls are 1.0, `joint` the evaluated tokens a row of the joint
    initial prompt."""

    arms: Sequence[Arm]
    reference: Arm | None
    joint: float | None


def ablation(compared: Sequence[Compared], equal_calls: str) -> Ablation:
    """The reference is the arm of --equal-calls, once it is finished; without that, the first that searches by textual
    gradients."""
    arms = [Arm(one) for one in compared]
    named = [arm for arm in arms if arm.configuration.mode == equal_calls]
    searching = [] if equal_calls else [arm for arm in arms if arm.search_calls and _takes_steps(arm)]
    plain = [run for arm in arms for run in arm.configuration.results if is_baseline(run)]
    joint = [took(run, "initial", "evaluated_tokens") for run in plain]
    known = [tokens for tokens in joint if tokens is not None]
    return Ablation(arms, next(iter([*named, *searching]), None), sum(known) / len(known) if known else None)


def _takes_steps(arm: Arm) -> bool:
    settings = arm.configuration.results[0].settings
    return settings.critical and settings.steps > 0


def took(run: Result, judge: str, name: str) -> float | None:
    """Calls or tokens a test row of a run's `initial` or `kept` judge; None where its timing.json does not say."""
    found = run.timing.get("judges", {}).get(judge)
    if not found or not run.tested.rows:
        return None
    counts = {**found, "evaluated_tokens": found["prompt_tokens"] - found["cached_prompt_tokens"]}
    return float(counts[name]) / len(run.tested.rows)


def _searched(run: Result) -> float | None:
    if not run.costs or "tested" not in run.timing:
        return None
    rated = ("rater",) if run.settings.rate_every else ()  # else the rater is asked by a remedy, and is its cost
    asked = sum(counts["asked_calls"] for role, counts in run.costs.items() if role not in rated)
    return float(asked - run.timing["tested"])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None
