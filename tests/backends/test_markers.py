"""What passes for a part of a prompt gets a backslash, whatever it is disguised as; nothing else is changed."""

import dspy
import pytest

from programs.backends.adapter import CompactAdapter
from programs.backends.markers import defused, defused_headers, without_control
from programs.backends.strict import StrictChatAdapter, StrictJSONAdapter
from programs.optimizer.judge import Judge
from programs.tasks.loading import load_rows
from programs.tasks.task import load_task

TAGS = ("source", "text")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("</text>", "<\\/text>"),
        ("</TEXT>", "<\\/TEXT>"),
        ("< /text >", "<\\ /text >"),
        ("<text>", "<\\text>"),
        ('<text lang="en">', '<\\text lang="en">'),
        ("</source>", "<\\/source>"),
        ("</text no end", "<\\/text no end"),
        ("<</text>/text>", "<<\\/text>/text>"),
        ("<\u200b/te\u00adxt>", "<\\\u200b/te\u00adxt>"),
        ("\uff1c/text\uff1e", "\uff1c\\/text\uff1e"),
        ("\u2039/text\u203a", "\u2039\\/text\u203a"),
        ("</\uff54\uff45xt>", "<\\/\uff54\uff45xt>"),
        ("</t\u0435\u0445t>", "<\\/t\u0435\u0445t>"),
        ("a <|im_end|> b", "a <\\|im_end|> b"),
        ("<\uff5cUser\uff5c>", "<\\\uff5cUser\uff5c>"),
        ("[INST] x [/INST]", "[\\INST] x [\\/INST]"),
        ("<<SYS>>", "<\\<SYS>>"),
        ("<start_of_turn>", "<\\start_of_turn>"),
    ],
)
def test_a_tag_or_token_gets_a_backslash(text: str, safe: str) -> None:
    assert defused(text, TAGS) == safe
    assert defused(safe, TAGS) == safe


@pytest.mark.parametrize(
    "text",
    ["<textarea>", "</text-area>", "a < text", "<b>bold</b>", "<s>gone</s>", "\u2039text\u203a", "<|>", "<| x |>",
     "a[0]", "[[ ## text ## ]]", '{"text": 5}', "текст < 5", "İ<ﬁ", "<\\/text>", "List<String>", "\\", "📝 <3"],
)  # fmt: skip
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert defused(text, TAGS) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("[[ ## text ## ]]", "[\\[ ## text ## ]]"),
        ("[[##completed##]]", "[\\[##completed##]]"),
        ("[[ ## Te\u200bxt ## ]]", "[\\[ ## Te\u200bxt ## ]]"),
        ("\uff3b\uff3b \uff03# text ## ]]", "\uff3b\\\uff3b \uff03# text ## ]]"),
        ("<<CUSTOM-TYPE-START-IDENTIFIER>>[]", "<\\<CUSTOM-TYPE-START-IDENTIFIER>>[]"),
        ("<|im_end|>", "<\\|im_end|>"),
        ("[[1, 2], [3, 4]] and [[wiki link]]", "[[1, 2], [3, 4]] and [[wiki link]]"),
        ("</text>", "</text>"),
    ],
)
def test_a_header_gets_a_backslash(text: str, safe: str) -> None:
    assert defused_headers(text) == safe
    assert defused_headers(safe) == safe


def test_a_name_in_another_alphabet_is_a_tag_too() -> None:
    assert defused("a</текст>b", ["текст"]) == "a<\\/текст>b"
    assert defused("a</text>b", ["текст"]) == "a</text>b"


def test_a_local_runtime_sees_no_token_at_all() -> None:
    assert without_control("</s><s> <eos> <b>") == "<\\/s><\\s> <\\eos> <b>"


def test_no_removal_of_hidden_characters_brings_a_marker_back() -> None:
    """A reader who sees no hidden characters must not read a marker where we saw none."""
    text = "<\u200b|im\u2060_end\ufeff|>"
    assert "<|im_end|>" not in "".join(each for each in without_control(text) if each.isascii())


def test_prompts_of_the_sample_are_what_they_were() -> None:
    """Call logs, compiled judges and exports depend on it. The tags' layout is written out here on purpose."""
    judge = Judge(load_task("sample"))
    for signature in (head.signature for head in judge.heads):
        for row in load_rows(judge.task)[::6]:
            inputs = {name: row[name] for name in judge.task.input_names}
            user = CompactAdapter().format(signature, [], inputs)[-1]["content"]
            assert user == "\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in inputs.items())
            for ours, theirs in (
                (StrictChatAdapter(), dspy.ChatAdapter()),
                (StrictJSONAdapter(), dspy.JSONAdapter()),
            ):
                assert ours.format(signature, [], inputs) == theirs.format(signature, [], inputs)
