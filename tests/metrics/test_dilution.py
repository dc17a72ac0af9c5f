"""The numbers of dilution, worked out by hand, and their intervals."""

from collections.abc import Mapping

import numpy as np
import pytest

from metrics.balanced import attributed, attribution_cells
from metrics.clustered import Sums, codes, difference_cells, ratio_cells
from metrics.dilution import MEASURES, Placed, note_cells, note_sums
from metrics.intervals import Scale
from metrics.rated import RatedNote
from signatures.attribution import GENERIC
from signatures.records import Group

NAMES = ("a", "b")
WIDE = Scale(-100, 100, "plain")


def surely(name: str) -> Mapping[str, float]:
    return {each: 0.9 if each == name else 0.05 for each in (*NAMES, GENERIC)}


UNSURE = {"a": 0.4, "b": 0.4, GENERIC: 0.2}


def note(
    group: Group, ratings: dict[str, int | None], *about: str | None, step: int = 1, tokens: int = 50
) -> RatedNote:
    """A note whose suggestions are about these options; `?` is about none with confidence, None is unanswered."""
    choices = tuple(None if name is None else UNSURE if name == "?" else surely(name) for name in about)
    return RatedNote(step, "r", group, tokens, ratings, choices, joint=len(group) > 1)


def placed(*notes: RatedNote, runs: list[int] | None = None) -> Placed:
    clusters, total = codes([each.step for each in notes])
    return Placed(notes, np.array(runs or [0] * len(notes)), clusters, total)


def means(measure: str, found: Placed) -> dict[str, float | int | None]:
    return {name: cell["value"] for name, cell in note_cells(MEASURES[measure], found, NAMES).items()}


def test_ratings_for_own_and_other_criteria_are_kept_apart() -> None:
    found = placed(
        note(("a",), {"a": 9, "b": 2}),
        note(("b",), {"a": 4, "b": None}),
        note(NAMES, {"a": 5, "b": 3}),
        note(NAMES, {}),
    )
    assert means("specificity", found) == {"mean": pytest.approx(17 / 3), "a": 7, "b": 3}
    assert means("chance", found) == {"mean": 3, "a": 4, "b": 2}
    assert means("best", found)["mean"] == 7  # 9 and 5; the others have none
    assert note_cells(MEASURES["specificity"], found, NAMES)["mean"]["undefined"] == 1
    assert note_cells(MEASURES["best"], found, NAMES)["mean"]["undefined"] == 2


def test_suggestions_are_counted_for_the_criteria_that_a_note_was_written_for() -> None:
    found = placed(
        note(("a",), {}, "a", "a", "b", "?", tokens=100),
        note(NAMES, {}, "a", GENERIC, None, tokens=50),
        note(("b",), {}, tokens=50),
    )
    assert means("suggestions", found)["mean"] == pytest.approx(7 / 3)
    assert means("for_criterion", found) == {"mean": 3 / 4, "a": 1.5, "b": 0}
    assert means("for_criterion_per_100_tokens", found) == pytest.approx({"mean": 300 / 250, "a": 2, "b": 0})
    assert means("covered", found) == {"mean": 0.5, "a": 1, "b": 0}
    assert means("generic", found)["mean"] == pytest.approx(1 / 6)  # of the answered ones
    assert means("unclear", found)["mean"] == pytest.approx(1 / 6)


def test_every_run_counts_alike_whatever_its_number_of_notes() -> None:
    notes = [note(("a",), {"a": 10})] * 3 + [note(("a",), {"a": 2})]
    assert means("specificity", placed(*notes, runs=[0, 0, 0, 1]))["mean"] == 6


def test_there_is_no_interval_under_six_clusters() -> None:
    ratings = [1, 4, 6, 8, 9, 10]
    few = [note(("a",), {"a": rating}, step=step % 5) for step, rating in enumerate(ratings)]
    enough = [note(("a",), {"a": rating}, step=step) for step, rating in enumerate(ratings)]
    cells = [note_cells(MEASURES["specificity"], placed(*notes), NAMES)["mean"] for notes in (few, enough)]
    assert cells[0]["low"] is None
    # Student's t(5) times the standard error of the mean, within the scale
    error = np.std(ratings, ddof=1) / 6**0.5
    assert cells[1]["low"] == pytest.approx(np.mean(ratings) - 2.5706 * error, abs=1e-3)


def test_notes_of_one_cluster_are_no_independent_draws() -> None:
    random = np.random.default_rng(0)
    ratings = random.normal(size=40)
    alone, total = codes(list(range(40)))
    copies, one = np.repeat(alone, 10), np.ones((400, 1))
    many = ratio_cells(Sums.of(np.repeat(ratings, 10)[:, None], one, copies, total), ["all"], WIDE)["all"]
    few = ratio_cells(Sums.of(ratings[:, None], one[:40], alone, total), ["all"], WIDE)["all"]
    assert (many["low"], many["high"]) == pytest.approx((few["low"], few["high"]))
    assert many["n"] == 400


def test_the_interval_covers_the_true_difference_in_about_95_of_100_studies() -> None:
    random, hits = np.random.default_rng(1), 0
    for _ in range(200):
        clusters = np.repeat(np.arange(12), 4)
        shared = np.repeat(random.normal(size=12), 4)
        sides = [
            Sums.of((shift + shared + random.normal(size=48))[:, None], np.ones((48, 1)), clusters, 12)
            for shift in (1.0, 0.0)
        ]
        cell = difference_cells(*sides, ["all"], WIDE)["all"]
        hits += cell["low"] <= 1.0 <= cell["high"]  # type: ignore[operator]
    assert 180 <= hits <= 199


def test_a_difference_is_of_the_means_of_both_sides() -> None:
    found = placed(
        *(note(("a",), {"a": 9}, step=step) for step in range(6)),
        *(note(NAMES, {"a": 3, "b": 4}, step=step) for step in range(6)),
    )
    separate, joint = (
        note_sums(MEASURES["specificity"], found.only([each.joint is side for each in found.notes]))
        for side in (False, True)
    )
    assert difference_cells(separate, joint, ["all"], WIDE)["all"]["value"] == pytest.approx(5.5)


def test_balanced_accuracy_and_chance_of_a_rater_that_looks_at_nothing() -> None:
    truths = [(step, name) for step in range(8) for name in ("a", "a", "a", "b")]
    always = attribution_cells([(step, name, "a") for step, name in truths], 8, NAMES)
    assert always["accuracy"]["mean"]["value"] == 0.5  # not 0.75: balanced
    assert always["above_chance"]["mean"]["value"] == 0
    never = attribution_cells([(step, name, GENERIC) for step, name in truths], 8, NAMES)
    assert (never["accuracy"]["mean"]["value"], never["above_chance"]["mean"]["value"]) == (0, 0)
    right = attribution_cells([(step, name, name) for step, name in truths], 8, NAMES)
    assert (right["accuracy"]["mean"]["value"], right["above_chance"]["mean"]["value"]) == (1, 0.5)
    assert attribution_cells([], 8, NAMES) == {}


def test_only_separate_notes_have_a_truth() -> None:
    notes = [note(("a",), {}, "b", None), note(NAMES, {}, "a")]
    assert attributed(enumerate(notes)) == [(0, "a", "b")]


def test_an_unbiased_guesser_is_above_chance_in_few_studies() -> None:
    random, wrongly = np.random.default_rng(2), 0
    for _ in range(100):
        answers = [(step, name, str(random.choice([*NAMES, GENERIC]))) for step in range(10) for name in NAMES * 3]
        wrongly += attribution_cells(answers, 10, NAMES)["above_chance"]["mean"]["low"] > 0  # type: ignore[operator]
    assert wrongly <= 7
