"""The ideal prefix cache of the benchmarks finds what it says: the longest beginning that any earlier prompt has."""

import numpy as np

from metrics.tokens import token_ids
from tests.benchmarks.prefixes import IdealCache, shared_prefix


def test_the_neighbours_in_order_have_the_longest_common_prefix_of_all() -> None:
    drawn = np.random.default_rng(0)
    prompts = [" ".join(["one", "two", "three"][each] for each in drawn.integers(3, size=6)) for _ in range(60)]
    for last in (None, 5):
        cache, before = IdealCache(last), 0
        for place, prompt in enumerate(prompts):
            cache.send(prompt)
            known = prompts[max(0, place - last) if last else 0 : place]
            longest = max((common(prompt, each) for each in known), default=0)
            assert cache.shared - before == longest
            before = cache.shared
        assert cache.total == sum(len(token_ids(each)) for each in prompts)


def test_nothing_is_shared_by_the_first_and_all_by_the_same_again() -> None:
    assert shared_prefix([]) == shared_prefix(["a text"]) == 0
    assert shared_prefix(["a text", "a text"]) == 0.5


def common(one: str, other: str) -> int:
    pairs = zip(token_ids(one), token_ids(other), strict=False)
    return next(
        (place for place, (a, b) in enumerate(pairs) if a != b), min(len(token_ids(one)), len(token_ids(other)))
    )


def test_a_small_cache_forgets() -> None:
    prompts = ["first words", "other thing", "first words"]
    assert shared_prefix(prompts, last=1) == 0 < shared_prefix(prompts)
