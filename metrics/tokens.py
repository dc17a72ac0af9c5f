"""Tokens of a text, counted by one tokenizer whatever the LM, so that lengths compare between judges; offline."""

import hashlib
from binascii import a2b_base64
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import tiktoken

TOKENIZER = "cl100k_base"
"""The tokenizer's name, to be said wherever its counts are shown."""

_RANKS = "litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"  # the name is tiktoken's cache key
_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_PATTERN = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|"""
    r"""\s*[\r\n]|\s+(?!\S)|\s"""
)


def count_tokens(text: str) -> int:
    """How many tokens of `TOKENIZER` the text has.

    >>> count_tokens("Rate from 1 to 5."), count_tokens("")
    (8, 0)
    """
    return len(token_ids(text))


def token_ids(text: str) -> list[int]:
    """The tokens themselves, by their numbers: two texts with the same first tokens share them in a prefix cache."""
    return _encoding().encode_ordinary(text)


@lru_cache(maxsize=1)
def _encoding() -> tiktoken.Encoding:
    """From the ranks that litellm carries, without importing it (seconds); else tiktoken's own, which it fetches."""
    path = ranks_file()
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != _SHA256:
        return tiktoken.get_encoding(TOKENIZER)
    ranks = {a2b_base64(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}
    return tiktoken.Encoding(TOKENIZER, pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})


def ranks_file() -> Path:
    """Where litellm carries the tokenizer's ranks, if it does."""
    found = find_spec("litellm")
    folders = (found.submodule_search_locations if found else None) or [""]
    return Path(folders[0]) / _RANKS
