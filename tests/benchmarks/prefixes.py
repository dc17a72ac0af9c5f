"""A prefix cache in the ideal: of every prompt, how many tokens some earlier prompt began with."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from itertools import count

from metrics.tokens import token_ids


class IdealCache:
    """Keeps every earlier prompt, the most that any server could; or the last ones only, as a small one does."""

    def __init__(self, last: int | None = None) -> None:
        self.total = 0
        self.shared = 0
        self._last = last
        self._order: deque[list[int]] = deque()
        self._known: list[list[int]] = []

    def send(self, prompt: str) -> None:
        """Counts the prompt's tokens and those that were known: the longest common prefix is with a neighbour."""
        tokens = token_ids(prompt)
        place = bisect_left(self._known, tokens)
        neighbours = self._known[max(place - 1, 0) : place + 1]
        self.total += len(tokens)
        self.shared += max((_common(tokens, each) for each in neighbours), default=0)
        insort(self._known, tokens)
        self._order.append(tokens)
        if self._last is not None and len(self._order) > self._last:
            del self._known[bisect_left(self._known, self._order.popleft())]

    @property
    def share(self) -> float:
        return self.shared / self.total if self.total else 0.0


def _common(one: list[int], other: list[int]) -> int:
    places = zip(count(), one, other, strict=False)
    return next((place for place, a, b in places if a != b), min(len(one), len(other)))


def shared_prefix(prompts: Iterable[str], last: int | None = None) -> float:
    """The share of the prompts' tokens that were known, in the order in which they were sent."""
    cache = IdealCache(last)
    for prompt in prompts:
        cache.send(prompt)
    return cache.share
