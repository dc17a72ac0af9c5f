"""The harnesses at a small size: what they measure by hand they can measure at all, and one run repeats another."""

import os
import random
from pathlib import Path

import numpy as np
import pytest

from programs.optimizer.gate import RULES
from tests.reliability import coverage, determinism, selection, stated
from tests.reliability.planted import CLOSE, EVEN, RARE


def yields() -> None:
    """Hands the processor to other threads a random number of times."""
    for _ in range(random.SystemRandom().randrange(20)):
        os.sched_yield()


@pytest.mark.parametrize("name", ["expected scores", "peer gepa"])
def test_one_and_64_threads_leave_the_same_files(name: str, tmp_path: Path) -> None:
    found = []
    for threads in ("1", "64"):
        folder = tmp_path / threads
        folder.mkdir()
        flags = [*determinism.given(folder, threads), *determinism.RUNS[name]]
        determinism.one_run(folder, name, flags, determinism.Late(yields))
        found.append(determinism.digests(folder))
    assert not determinism.differing(found)
    assert {Path(each).name for each in found[0]} >= {"judge.json", "steps.jsonl", "scores.json", "summary.json"}
    assert determinism.differing([found[0], {**found[1], "more": ""}]) == ["more"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "ROWS_OF_TRUTH", 4_000)
    monkeypatch.setattr(coverage, "RESAMPLES", 40)
    monkeypatch.setattr(stated, "ROWS_OF_TRUTH", 2_000)
    monkeypatch.setattr(stated, "DOCUMENTS_OF_TRUTH", 200)
    monkeypatch.setattr(stated, "DEALS", 200)
    monkeypatch.setattr(selection, "KNOWN_ROWS", 2_000)
    for cached in (coverage.truth, stated.true_variance, selection.curve):
        cached.cache_clear()


def test_coverage_counts_intervals_that_hold_the_truth(small: None) -> None:
    tally = coverage.Tally("value", "here", ("a", "b"))
    for low, high in ((0.0, 1.0), (0.6, 1.0), (0.0, np.nan)):
        tally.see(np.array([low, np.nan]), np.array([high, np.nan]), np.array([0.5, 0.5]))
    assert tally.shares[0] == pytest.approx(1 / 3)
    assert np.isnan(tally.shares[1])
    tallies = [*coverage.tables(EVEN, 12, 5, 2), *coverage.over_runs(EVEN, 12, 5, 1), *coverage.halos(EVEN, 12, 5, 1)]
    tallies += [*coverage.notes(12, 5, 2), *coverage.ceilings(CLOSE, 12, 5, 1)]
    assert len(coverage.figures(tallies, 2)) == len({each.kind for each in tallies}) == 10
    assert len(coverage.alarm_figures([coverage.alarms(EVEN, 12, 5, 1)], 1)) == 3


def test_planted_judges_are_as_good_as_they_were_planted() -> None:
    sizes = coverage.sizes_of(4_000, 1)
    for population in (EVEN, RARE):
        worse, better = population.draw(np.random.default_rng(0), sizes, (0.0, 0.2))
        for column, agreement in enumerate(population.agreement):
            values = [
                coverage.METRICS["spearman"](each.judge[:, column], each.human[:, column]) for each in (worse, better)
            ]
            assert values[0] is not None and values[1] is not None
            assert 0.5 * agreement < values[0] < values[1] <= 1


def test_a_search_goes_through_the_gate_and_the_reserve(small: None) -> None:
    for rule in RULES:
        worse, better = (selection.acceptance(rule, 30, change, 12) for change in (-0.1, 0.1))
        assert worse.share < better.share
    biases = [selection.bias(selection.Search(3, 20, "not_worse", reserve, 0.1), 3) for reserve in (0.0, 0.5)]
    assert np.isnan(biases[0].reserved)
    assert all(abs(each.gate) < 1 for each in biases)
    assert len(selection.bias_figures(biases)) == 2


def test_what_pages_state_can_be_measured(small: None) -> None:
    assert len(stated.rare_figures(8)) == len(stated.RARE_METRICS)
    held, below = stated.pilots(12, 5, EVEN, "mae", 2)
    assert 0 <= held <= 1 and 0 <= below <= 1
    assert stated.checks(1, rows=12).shape == (2,)
    assert abs(stated.stepped_up(EVEN.cuts, 3, 1.0)) < 0.1
