"""Which rows become anchors."""

import dspy
import numpy as np

from programs.checking.draw import drawn
from signatures.records import Criterion


def rows(ratings: list[int]) -> list[dspy.Example]:
    return [dspy.Example(helpful=float(rating)) for rating in ratings]


def test_every_level_has_its_share_and_the_seed_decides() -> None:
    criteria = (Criterion("helpful", 1, 5),)
    ratings = np.random.default_rng(0).permutation(np.repeat([1, 2, 3, 4, 5], [100, 60, 20, 60, 160])).tolist()
    for seed in range(5):
        places = drawn(rows(ratings), criteria, 40, seed)
        assert places == drawn(rows(ratings), criteria, 40, seed)
        assert len(set(places)) == 40
        counts = np.bincount([ratings[place] for place in places], minlength=6)[1:]
        assert (np.abs(counts - [10, 6, 2, 6, 16]) <= 1).all()
    assert drawn(rows(ratings), criteria, 40, 0) != drawn(rows(ratings), criteria, 40, 1)


def test_rows_without_ratings_are_drawn_at_random_each_once() -> None:
    chosen = [drawn(rows([1] * 50), (), 10, seed) for seed in range(200)]
    assert all(len(set(places)) == 10 for places in chosen)
    hits = np.bincount(np.concatenate(chosen), minlength=50)
    assert hits.min() > 15  # each row is drawn 40 times of 200 in the mean
    assert hits.max() < 70
