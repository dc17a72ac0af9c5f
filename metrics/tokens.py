"""Tokens of a text by one tokenizer for all LMs (cl100k_base), so that runs on different LMs can be compared.

Its table comes with LiteLLM, a dependency of DSPy, so no network is needed.
"""

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import tiktoken

TOKENIZER = "cl100k_base"


def count_tokens(text: str) -> int:
    """How many tokens the text has; words such as `<|endoftext|>` are text like any other."""
    return len(_encoding().encode_ordinary(text))


@lru_cache(maxsize=1)
def _encoding() -> tiktoken.Encoding:
    spec = find_spec("litellm")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(bundled))  # where tiktoken looks before it asks the network
    return tiktoken.get_encoding(TOKENIZER)
