import pytest

from programs.backends.reply import CONFLICT, read_object

NAMES = ("a", "b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "b": 2}', {"a": 1, "b": 2}),
        ('```json\n{"a": 1, "b": 2}\n```', {"a": 1, "b": 2}),
        ('Here you are: {"a": 1, "b": 2}. Hope it helps {smile}', {"a": 1, "b": 2}),
        ("{'a': 1, 'b': 2,}", {"a": 1, "b": 2}),
        ('{"a": 1} then {"a": 2}', {"a": CONFLICT}),
        ('{"a": 1} and again {"a": 1, "b": 2}', {"a": 1, "b": 2}),
        ('{"a": 1 0}', {}),
        ('{"a": 3 or 4}', {}),
        ('{"a": 4 5}', {}),
        ('{"a": 4, 5}', {}),
        ("{'a': 1, 'a': 5}", {"a": CONFLICT}),
        ('<think>maybe {"a": 1}</think> I cannot answer.', {}),
        ('<think>maybe {"a": 1}', {}),
        ('<think>maybe {"a": 1}</think>{"a": 2}', {"a": 2}),
        ('{"a": 1} no wait {"a": ', {}),
        ('{"a": "with } brace", "b": 2}', {"a": "with } brace", "b": 2}),
        ('{"a": "with \\" quote }", "b": 2}', {"a": 'with " quote }', "b": 2}),
        ('{"a": "two\nlines", "b": 2}', {"a": "two\nlines", "b": 2}),
        ('{"a": 1', {}),
        ('{"a": 1, "b": 2', {}),
        ("no object at all", {}),
        ("", {}),
        ('{"other": 1}', {}),
        ("[1, 2]", {}),
        ("{" * 5000, {}),
    ],
)
def test_the_reply_is_read_leniently_around_and_strictly_inside(text: str, found: dict) -> None:
    assert read_object(text, NAMES) == found


def test_a_key_with_two_values_is_not_believed() -> None:
    assert read_object('{"a": 1, "a": 5, "b": 2}', NAMES) == {"a": CONFLICT, "b": 2}
    assert read_object('{"a": 1, "a": 1}', NAMES) == {"a": 1}
