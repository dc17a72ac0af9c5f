"""Tokens are counted offline, as tiktoken itself counts them."""

import tiktoken

from metrics import tokens
from metrics.tokens import TOKENIZER, count_tokens

TEXT = "Rate fluency from 1 to 5.\n\n  - I'll take 12345 off for \u00fcberlong wor(l)ds \u4f60\u597d <|endoftext|>"


def test_known_counts() -> None:
    assert [count_tokens(text) for text in ("", "Rate from 1 to 5.", "tiktoken is great!")] == [0, 8, 6]


def test_counted_as_tiktoken_does_and_nothing_is_fetched(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("tiktoken.load.read_file", refuse)
    tokens._encoding.cache_clear()
    own = count_tokens(TEXT)
    monkeypatch.undo()
    folder = tokens.ranks_file().parent
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))  # litellm's copy lies under tiktoken's own name
    assert own == len(tiktoken.get_encoding(TOKENIZER).encode_ordinary(TEXT))
