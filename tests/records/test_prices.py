"""USD by LiteLLM's table, against its own computation on paper prices."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from programs.records import prices
from programs.records.prices import Price, price_of


def usd(lm: str, *tokens: float) -> float | None:
    price = price_of(lm)
    return None if price is None else price.usd(*tokens)


@pytest.fixture
def own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        "small": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6},
        "fast/small": {"litellm_provider": "fast", "input_cost_per_token": 2e-6, "output_cost_per_token": 3e-6,
                       "cache_read_input_token_cost": 5e-7},
        "free": {"litellm_provider": "openai", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
        "heard": {"litellm_provider": "openai", "input_cost_per_second": 0.1},
    }  # fmt: skip
    monkeypatch.setattr(prices, "_table", lambda: entries)


def test_the_installed_table_is_read_and_its_prices_are_those_of_its_file() -> None:
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    held = json.loads((Path(spec.origin).parent / prices.TABLE).read_text())["gpt-4o-mini"]
    wanted = 1000 * held["input_cost_per_token"] + 10 * held["output_cost_per_token"]
    assert usd("openai/gpt-4o-mini", 1000, 10) == pytest.approx(wanted, rel=1e-12)
    assert usd("gpt-4o-mini", 1000, 10) == pytest.approx(wanted, rel=1e-12)
    assert wanted > 0


def test_a_model_is_priced_by_its_own_provider_only(own_table: None) -> None:
    assert usd("openai/small", 1_000_000, 1_000_000) == pytest.approx(5.0)
    assert usd("fast/small", 1_000_000, 1_000_000) == pytest.approx(5.0)
    assert usd("fast/small", 1_000_000, 0) == pytest.approx(2.0)
    assert usd("other/small", 1, 1) is None


def test_cached_prompt_tokens_are_among_the_prompt_tokens(own_table: None) -> None:
    assert usd("fast/small", 1_000_000, 0, 400_000) == pytest.approx(0.6 * 2 + 0.4 * 0.5)
    assert usd("openai/small", 1_000_000, 0, 400_000) == pytest.approx(1.0)  # no price for cached ones: the full one


@pytest.mark.parametrize("name", ["local", "local:/m/x.gguf", "openai/free", "openai/heard", "openai/unheard", "", "/"])
def test_what_has_no_price_is_not_free(name: str, own_table: None) -> None:
    assert price_of(name) is None


def test_a_server_of_ones_own_has_no_list_price(own_table: None) -> None:
    assert price_of("openai/small", api_base="http://127.0.0.1:8000/v1") is None


def test_prices_as_lists_say_them() -> None:
    assert Price.per_million(2, 8).usd(500_000, 250_000) == pytest.approx(3.0)
