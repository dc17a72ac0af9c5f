"""What is said of feedback and rubrics: what must not change it, bounds, and definitions."""

import json
from itertools import pairwise, product

import dspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.adherence import adherence, rewrites
from metrics.attribution import attribution, averaged, orders, read_choice
from metrics.balanced import attributed, attribution_cells
from metrics.calibration import GRADES, PlantedRating, above, mean_by_grade, ordering
from metrics.calibration import orders as in_order
from metrics.dilution import MEASURES, Placed, as_notes, note_cells, note_sums
from metrics.hypervolume import hypervolume, non_dominated
from metrics.length import Lengths, gini
from metrics.masking import HIDDEN, mask, stem
from metrics.rated import RatedNote, RatedRewrite, likeliest
from metrics.specificity import specificity, targets
from metrics.suggestions import asks_for_change, parts, suggestions
from metrics.tokens import count_tokens, ranks_file
from programs.backends.adapter import CompactAdapter
from signatures.attribution import GENERIC, by_letter
from signatures.records import Criterion, Note
from tests.fake import FakeEngine, fake_lm
from tests.metrics.properties.drawn import same

NAMES = ("anger", "joy")
CRITERIA = tuple(Criterion(name, 0, 3) for name in NAMES)
OPTIONS = (*NAMES, GENERIC)
few = settings(max_examples=8)

TEXT = "Add that slang is fine . The judge was angry because Anger should say joyful ; e.g. not - 1)"
WORDS = st.lists(st.sampled_from([*TEXT.split(), "not\n-"]))
TEXTS = WORDS.map(" ".join)


@st.composite
def choices(draw: st.DrawFn) -> dict[str, float]:
    parts_ = draw(st.lists(st.integers(1, 9), min_size=3, max_size=3))
    return {name: part / sum(parts_) for name, part in zip(OPTIONS, parts_, strict=True)}


@st.composite
def notes(draw: st.DrawFn, step: int | None = None) -> RatedNote:
    group = draw(st.sampled_from([("anger",), ("joy",), NAMES]))
    ratings = draw(st.fixed_dictionaries(dict.fromkeys(NAMES, st.one_of(st.none(), st.integers(1, 10)))))
    about = draw(st.lists(st.one_of(st.none(), choices()), max_size=4))
    number = draw(st.integers(0, 8)) if step is None else step
    return RatedNote(number, "r", group, draw(st.integers(1, 90)), ratings, tuple(about), joint=len(group) > 1)


NOTES = st.lists(notes(), min_size=1, max_size=12)


def placed(every: list[RatedNote]) -> Placed:
    return Placed(every, np.zeros(len(every), dtype=np.intp), np.array([note.step for note in every]), 9)


@few
@given(NOTES)
def test_measures_of_notes_lie_on_their_scale_whatever_the_order_of_notes(every: list[RatedNote]) -> None:
    for name, measure in MEASURES.items():
        one, two = (note_cells(measure, placed(each), NAMES) for each in (every, every[::-1]))
        assert one.keys() == two.keys()
        for key, cell in one.items():
            assert all(same(cell[part], two[key][part]) for part in ("value", "low", "high", "n", "undefined"))
            assert cell["value"] is None or measure.scale.low - 1e-9 <= cell["value"] <= measure.scale.high
            assert cell["value"] is not None or (cell["low"] is None and name != "suggestions")
        assert note_sums(measure, placed(every)).counted[0] == one["mean"]["n"]


@given(notes(), st.integers(1, 10))
def test_notes_and_rewrites_survive_being_written_down(note: RatedNote, rating: int) -> None:
    assert RatedNote.from_dict(json.loads(json.dumps(note.to_dict()))) == note
    assert set(note.found()) <= set(note.group) and len(note.found()) + note.generic() <= len(note.suggestions)
    rewrite = RatedRewrite(1, "joy", False, rating)
    assert as_notes([rewrite])[0].ratings == {"joy": rating}


@given(st.lists(choices(), min_size=1, max_size=5), st.integers(1, 6))
def test_choices_averaged_are_probabilities_in_any_order(every: list[dict[str, float]], count: int) -> None:
    found = averaged([*every, None])
    assert found == pytest.approx(averaged(every[::-1]))
    assert found is not None and sum(found.values()) == pytest.approx(1)
    assert averaged([every[0]] * count) == pytest.approx(every[0])
    assert likeliest(every[0])[1] == max(every[0].values()) and averaged([None]) is None
    for order in orders(OPTIONS, count):
        assert sorted(order) == sorted(OPTIONS)
        chosen = read_choice("B", (), by_letter(order))
        assert chosen is not None and likeliest(chosen) == (order[1], 1.0)
        assert read_choice("neither", (), by_letter(order)) is None


@few
@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from(NAMES), st.sampled_from(OPTIONS)), max_size=20))
def test_blind_attribution_lies_in_bounds_and_does_not_look_at_names(answers: list[tuple[int, str, str]]) -> None:
    found = attribution_cells(answers, 9, NAMES)
    turn = {"anger": "joy", "joy": "anger", GENERIC: GENERIC}
    turned = attribution_cells([(place, turn[one], turn[other]) for place, one, other in answers], 9, NAMES)
    assert bool(found) == bool(answers)
    for part in found:
        for name, cell in found[part].items():
            assert same(cell["value"], turned[part][turn.get(name, name)]["value"])
            assert cell["value"] is None or {"accuracy": 0, "above_chance": -1}[part] <= cell["value"] <= 1
    told = attributed([(0, RatedNote(0, "r", ("joy",), 1, {}, ({"joy": 1.0, "anger": 0.0, GENERIC: 0.0}, None)))])
    assert told == [(0, "joy", "joy")]


PLANTED = st.lists(st.tuples(st.sampled_from(GRADES), st.one_of(st.none(), st.integers(1, 9))), min_size=1, max_size=20)


@given(PLANTED)
def test_ordering_planted_notes_is_the_area_under_the_curve_and_sees_order_only(found: list) -> None:
    rated = [PlantedRating(place, grade, rating) for place, (grade, rating) in enumerate(found)]
    bent = [PlantedRating(each.note, each.grade, each.rating and each.rating**2) for each in rated]
    cells, other = ordering(rated), ordering(bent)
    known = [(GRADES.index(each.grade), each.rating) for each in rated if each.rating is not None]
    won = [np.sign(a[1] - b[1]) / 2 + 0.5 for a, b in product(known, known) if a[0] > b[0]]
    assert same(cells["all"]["value"], float(np.mean(won)) if won else None)
    assert all(same(cells[name]["value"], other[name]["value"]) for name in cells)
    assert all(above(cell, 0.5) <= (cell["low"] is not None) for cell in cells.values())
    assert not in_order(cells) or cells["all"]["value"] > 0.5
    table = mean_by_grade(rated)
    assert sum(row["n"] + row["unrated"] for row in table.values()) == len(rated)


VECTORS = st.lists(st.tuples(*[st.one_of(st.none(), st.integers(-9, 9).map(lambda v: v / 10))] * 2), max_size=7)


@given(VECTORS)
def test_hypervolume_is_the_area_and_only_what_nothing_beats_adds_to_it(vectors: list) -> None:
    found, volume = non_dominated(vectors), hypervolume(vectors, -1.0)
    whole = [vector for vector in vectors if None not in vector]
    assert (volume is None) == (not whole) and [each is None for each in found] == [
        None in vector for vector in vectors
    ]
    if volume is None:
        return
    front = sorted({vector for vector, kept in zip(vectors, found, strict=True) if kept}, reverse=True)
    heights = [-1.0, *(y for _, y in front)]
    assert volume == pytest.approx(
        sum((x + 1) * (top - low) for (x, _), (low, top) in zip(front, pairwise(heights), strict=True))
    )
    assert hypervolume(vectors[::-1], -1.0) == pytest.approx(volume)
    for vector in front:
        assert not any(x >= vector[0] and y >= vector[1] and (x, y) != vector for x, y in whole)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=8), st.integers(2, 5))
def test_gini_is_free_of_unit_and_order(values: list[int], times: int) -> None:
    found = gini(values)
    assert same(found, gini(values[::-1])) and same(found, gini([times * each for each in values]))
    assert same(found, gini(values * 2))
    assert found is None if not any(values) else 0 <= found <= 1 - 1 / len(values) + 1e-12


@given(TEXTS, TEXTS)
def test_lengths_are_counts_of_tokens_that_add_up(one: str, other: str) -> None:
    found = Lengths.of({"a": one, "b": other})
    assert found.tokens == {"a": count_tokens(one), "b": count_tokens(other)}
    assert found.others == {"a": found.tokens["b"], "b": found.tokens["a"]}
    assert found.gini == gini(list(found.tokens.values()))
    if all(found.tokens.values()):
        assert sum(share for share in found.shares.values() if share) == pytest.approx(1)
        assert found.ratio is not None and found.ratio >= 1
    joined = count_tokens(f"{one}\n{other}")
    assert joined <= found.tokens["a"] + found.tokens["b"] + 1 and count_tokens("") == 0
    assert len(one.split()) <= count_tokens(one) <= len(one.encode()) and ranks_file().is_file()


@given(TEXTS)
def test_masking_hides_every_form_once_and_for_all(text: str) -> None:
    hidden = mask(text, CRITERIA)
    assert mask(hidden, CRITERIA) == hidden
    assert not {"anger", "angry", "joyful"} & set(hidden.lower().split())
    assert (HIDDEN in hidden) == any(stem(word) in map(stem, NAMES) for word in text.split())
    assert mask(text, ()) == text


@given(TEXTS)
def test_suggestions_are_parts_of_the_text_in_its_order(text: str) -> None:
    found = parts(text)
    assert suggestions(text) == [part for part in found if asks_for_change(part)]
    plain, place = " ".join(text.split()), 0
    for part in found:
        words = " ".join(part.split())
        place = plain.find(words, place)
        assert place >= 0
        place += len(words)


@given(st.sampled_from(["3", "11", "no", '"7"']))
@few
def test_a_rating_is_on_its_scale_or_none(said: str) -> None:
    note = Note("gradient", "r", ("anger",), "say more")
    (written,) = rewrites(CRITERIA, [note], dict.fromkeys(NAMES, "old"), {"anger": "new"})
    asked = targets([note], CRITERIA)
    assert [(each.note, each.criterion) for each in asked] == list(product([note], CRITERIA))
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda _: f'{{"rating": {said}}}')), adapter=CompactAdapter()):
        found = [
            specificity(asked[0].example(), {"feedback": "say more"}),
            adherence(written.example(), {"new_rubric": "new"}),
        ]
    assert found[0] == found[1] and found[0] in (None, *range(1, 11))
    assert (found[0] is None) == (said in ("11", "no"))


@given(st.sampled_from([*"ABC", "D", "no", "B."]))
@few
def test_an_answer_is_one_of_the_options_or_none(said: str) -> None:
    example = dspy.Example(criteria=CRITERIA, order=OPTIONS, logprobs=False)
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda _: json.dumps({"answer": said}))), adapter=CompactAdapter()):
        found = attribution(example, {"suggestion": "Say ___ more often."})
    assert (
        found is None
        if said in ("D", "no")
        else found is not None and likeliest(found) == (by_letter(OPTIONS)[said[0]], 1)
    )
