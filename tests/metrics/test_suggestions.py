"""Feedback as atomic suggestions, and the names hidden in them."""

import pytest

from metrics.masking import HIDDEN, mask
from metrics.suggestions import suggestions
from signatures.records import Criterion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Keep the scale. Add that slang is no error.", ["Add that slang is no error."]),
        ("1. Add A to it.\n2) Remove the B part.\n- **Clarify** a 3, e.g. by an example.", 3),
        ("It is vague: (1) Define a 3 well. (2) Say what a 1 is.", ["Define a 3 well.", "Say what a 1 is."]),
        ("The scale must remain as it is. The rubric should stay short.", []),
        ("Keep it, but add an example.", ["Keep it, but add an example."]),
        ("Keep the rubric and use it for all texts.", []),
        ("The mismatch between rubric and score is large.", []),
        ("The judge gave 4 because the rubric is vague.", []),
        ("## Changes\n\nThe rubric would benefit from examples!", ["The rubric would benefit from examples!"]),
        ("Give no extra level, e.g. Praise is a 2.", ["Give no extra level, e.g. Praise is a 2."]),
        ("The judge gave this score because the rubric states that it should be rated from 0 to 3.", []),
        ("The judge should not be harsh because of slang.", ["The judge should not be harsh because of slang."]),
        (
            "The rubric does not need to be changed, as it is clear. It should not be changed. No changes are needed.",
            [],
        ),
        ("", []),
    ],
)
def test_only_sentences_and_items_that_ask_for_a_change_are_suggestions(text: str, expected: list[str] | int) -> None:
    found = suggestions(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    ("name", "forms", "others"),
    [
        ("fluent", "fluency fluently disfluent", "influenza flow"),
        ("anger", "angry angrily angrier angered ANGER", "angle danger hungry"),
        ("fear", "fears fearful", "feature ear"),
        ("joy", "joyful joyous enjoy enjoyment", "job journey"),
        ("sadness", "sad sadder sadly saddened", "saddle said"),
        ("surprise", "surprised surprising surprisingly", "supper"),
        ("polite", "politeness impolite politely", "politics"),
        ("relevance", "relevant irrelevant", "reveal level"),
        ("coherence", "coherent incoherent", "other adhere"),
        ("consistency", "consistent inconsistencies", "resistance constant"),
    ],
)
def test_inflected_forms_are_hidden_and_other_words_are_not(name: str, forms: str, others: str) -> None:
    criteria = [Criterion(name, 1, 5)]
    assert [mask(word, criteria) for word in forms.split()] == [HIDDEN] * len(forms.split())
    assert mask(others, criteria) == others


def test_titles_of_several_words_and_other_scripts_are_hidden() -> None:
    criteria = [Criterion("tone_of_voice", 1, 5, label="Tone of Voice"), Criterion("hoeflich", 1, 5, label="礼貌")]
    assert mask("Its tone of voice, and the voice of the writer: 更礼貌。", criteria) == (
        "Its ___, and the ___ of the writer: 更___。"
    )
