"""Which LM plays each role, what its tokens cost (by flags, else by LiteLLM's table), and the limits of a run."""

from programs.errors import UserError
from programs.optimizer.conflict.ways import embeds
from programs.records.budget import FREE, Budget
from programs.records.prices import Price, price_of
from programs.settings import ASSISTANTS, ROLE_NAMES, Settings


def role_place(settings: Settings, role: str) -> tuple[str, str | None]:
    """Name and server of the LM that the flags name for a role: its own `--<role>-lm` and `--<role>-api-base`, else
    those of all. A role whose own LM is the embedded one takes no server from the others."""
    own = getattr(settings, f"{role}_lm")
    embedded = own is not None and is_local(own)
    base = getattr(settings, f"{role}_api_base") or (None if embedded else settings.api_base)
    return own or settings.lm, base


def budget_of(settings: Settings) -> Budget:
    """The limits of the settings. Raises UserError where dollars have one and an LM has no price."""
    limits = settings.max_calls, settings.max_tokens, settings.max_minutes, settings.max_cost
    return Budget(*limits, prices_of(settings))


def prices_of(settings: Settings) -> dict[str, Price]:
    """Role -> price. Left out are roles whose LM has none that anyone knows.

    A role's own `--ROLE-price-in` and `-out` come first. `--price-in` and `--price-out` are those of `--lm`, and so of
    the roles that have no LM of their own. Raises UserError for one of a pair alone, and, where `--max-cost` is set,
    for an LM without a price.
    """
    found = {role: _price(settings, role) for role in ROLE_NAMES}
    found |= {role: found[player] for role, player in ASSISTANTS.items()}
    if settings.max_cost is not None and (unknown := [role for role in ROLE_NAMES if found[role] is None]):
        raise UserError(_unknown(settings, unknown[0]))
    if embeds(settings):
        found["embed"] = _embedders_price(settings)
    return {role: price for role, price in found.items() if price is not None}


def _price(settings: Settings, role: str) -> Price | None:
    name, base = role_place(settings, role)
    own = Price.stated(settings.by_role("price_in")[role], settings.by_role("price_out")[role], f"{role}-")
    if own is None and (name, base) == (settings.lm, settings.api_base):
        own = Price.stated(settings.price_in, settings.price_out)
    if own is None and is_local(name):
        return FREE
    return own or price_of(name, base)


def _embedders_price(settings: Settings) -> Price | None:
    """By the table alone. The tokens of its replies are not known, so a limit in dollars counts their upper bounds."""
    found = FREE if is_local(settings.embedder) else price_of(settings.embedder)
    if found is None and settings.max_cost is not None:
        raise UserError(f"--max-cost: no price of --embedder {settings.embedder} is known: use local, or --max-calls")
    return found


def is_local(name: str) -> bool:
    """Whether a name is that of an LM in this process."""
    return name == "local" or name.startswith("local:")


def _unknown(settings: Settings, role: str) -> str:
    name, base = role_place(settings, role)
    flag = "--price-in and --price-out" if (name, base) == (settings.lm, settings.api_base) else ""
    flag = flag or f"--{role}-price-in and --{role}-price-out"
    where = f" at {base}" if base else ""
    return (
        f"--max-cost: no price of {name}{where} is known ({role}): give {flag}, in USD per million tokens (0 if free)"
    )
