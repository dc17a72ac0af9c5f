"""What tokens cost in USD, by the table of list prices that LiteLLM carries: read as a file, without a network.

Importing LiteLLM takes seconds, prints, and prices names that it does not know as others that it does; the table alone
says only what it holds. List prices change: they are as old as the installed LiteLLM (`table_version`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from programs.errors import UserError

TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True)
class Price:
    """USD per token; `cached` is that of prompt tokens which the provider had cached (the full one where unknown)."""

    prompt: float
    completion: float
    cached: float

    @classmethod
    def per_million(cls, prompt: float, completion: float) -> "Price":
        """From USD per million tokens, as price lists say it."""
        return cls(prompt / 1e6, completion / 1e6, prompt / 1e6)

    @classmethod
    def stated(cls, prompt: float | None, completion: float | None, of: str = "") -> "Price | None":
        """That of `--price-in` and `--price-out` (of a role: `--judge-price-in` with `of` "judge-"); None where neither
        is given. Raises UserError for one alone."""
        if (prompt is None) != (completion is None):
            raise UserError(f"--{of}price-in and --{of}price-out go together: give both, in USD per million tokens")
        return None if prompt is None or completion is None else cls.per_million(prompt, completion)

    def usd(self, prompt_tokens: float, completion_tokens: float, cached_prompt_tokens: float = 0) -> float:
        """USD for so many tokens; the cached ones are among `prompt_tokens`, as in the tallies of calls."""
        fresh = prompt_tokens - cached_prompt_tokens
        return fresh * self.prompt + cached_prompt_tokens * self.cached + completion_tokens * self.completion


def price_of(lm: str, api_base: str | None = None) -> Price | None:
    """The list price of an LM by its DSPy/LiteLLM name; None where none is known.

    None for embedded models and for whatever runs at an `api_base`, which no table knows, and where the table has no
    price or 0: free tiers and subscriptions are no price of a token.

    >>> price_of("local") is None
    True
    """
    found = None if api_base else _entry(lm)
    if found is None:
        return None
    prompt, completion = (found.get(f"{side}_cost_per_token") for side in ("input", "output"))
    if not prompt or not completion:
        return None
    return Price(float(prompt), float(completion), float(found.get("cache_read_input_token_cost") or prompt))


def table_version() -> str:
    """Which LiteLLM the prices are of."""
    return version("litellm")


def _entry(lm: str) -> Mapping[str, Any] | None:
    """The table's entry: under the whole name, or under the model's where it is of the provider named before it."""
    provider, _, model = lm.strip().partition("/")
    found = _table().get(lm.strip())
    if found is None and model:
        found = _table().get(model)
        found = found if found is not None and found.get("litellm_provider") == provider else None
    return found


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    spec = find_spec("litellm")
    folders = spec.submodule_search_locations if spec is not None else None
    path = Path(next(iter(folders or ()), "")) / TABLE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
