"""What the steps of a run spent, whenever their calls were made."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from programs.records.lines import Place
from programs.records.tally import ROLES, SPENT

Request = tuple[str, Place | None]
"""A request's key, and the place that it was sent for where each place has its own."""


class Spending:
    """Requests by the first phase of the run that asked for them, identical ones once.

    A phase in the background may ask after a later one. So a request counts for the earliest phase that asks for it,
    and a lap for all phases that began in it: the sums are those of a run in which one phase comes after the other.
    """

    def __init__(self) -> None:
        self._phase_of: dict[Request, int] = {}
        self._phases: dict[int, dict[Request, tuple[str, Mapping[str, int]]]] = {}
        self._lap_began = 0
        self._lock = threading.Lock()

    def add(self, role: str, request: Request, asked_at: Place | None, usage: Mapping[str, int]) -> None:
        """A request that `role` asked at a place in the run; outside of any phase, it belongs to the lap."""
        phase = self._lap_began if asked_at is None else asked_at[0]
        with self._lock:
            if (known := self._phase_of.get(request)) is not None:
                if known <= phase:
                    return
                del self._phases[known][request]
            self._phase_of[request] = phase
            self._phases.setdefault(phase, {})[request] = (role, usage)

    def lap(self, phases: int | None = None) -> "Lap":
        """The lap from the last one to the number of phases that have begun, or to all that have asked."""
        with self._lock:
            began = self._lap_began
            self._lap_began = max((began - 1, *self._phases)) + 1 if phases is None else max(phases, began)
            return Lap(self, began, self._lap_began)

    def of(self, phases: range) -> Counter[tuple[str, str]]:
        """Sums by role and what is counted."""
        found: Counter[tuple[str, str]] = Counter()
        with self._lock:
            for phase in phases:
                for role, usage in self._phases.get(phase, {}).values():
                    found[role, "calls"] += 1
                    for name in SPENT[1:]:
                        found[role, name] += usage.get(name, 0)
        return found

    def clear(self) -> None:
        """Forgets all requests."""
        self._phase_of.clear()
        self._phases.clear()


class Lap(Mapping[str, int]):
    """Calls and tokens of some phases of a run, as far as they are known when it is read.

    Those of the rater are left out: it watches a run and is no part of it. `calls` and the tokens are sums over the
    roles, `judge_calls` and so on each role's own, for those that asked.
    """

    def __init__(self, spending: Spending, began: int, ended: int) -> None:
        self._spending = spending
        self._phases = range(began, ended)

    def __getitem__(self, name: str) -> int:
        return self._sums()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sums())

    def __len__(self) -> int:
        return len(self._sums())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._sums() == dict(other)

    def __repr__(self) -> str:
        return f"Lap({self._sums()})"

    __hash__: Any = None

    def _sums(self) -> dict[str, int]:
        spent = self._spending.of(self._phases)
        sums = {name: sum(count for (_, own), count in spent.items() if own == name) for name in SPENT}
        asked = [role for role in ROLES if (role, "calls") in spent]
        return {**sums, **{f"{role}_{name}": spent[role, name] for role in asked for name in SPENT}}
