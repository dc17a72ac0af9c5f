"""From settings to the LMs that play the roles."""

import dspy

from programs.backends.names import language_model, prepare, writing_prose
from programs.backends.roles import Roles
from programs.records.budget import REPLY_TOKENS, Budget
from programs.records.calls import CallLog
from programs.settings import Settings

LOCAL_MAX_TOKENS = {"judge": 256, "loss": 240, "gradient": 240, "rewrite": 800, "rater": 32}
"""Most tokens of a reply of the embedded model, by role: a small model that rambles must end some time."""

PROSE_ROLES = ("loss", "gradient")


def role_place(settings: Settings, role: str) -> tuple[str, str | None]:
    """Name and server of the LM that the flags name for a role: its own `--<role>-lm` and `--<role>-api-base`, else
    those of all. A role whose own LM is the embedded one takes no server from the others."""
    own = getattr(settings, f"{role}_lm")
    embedded = own is not None and (own == "local" or own.startswith("local:"))
    base = getattr(settings, f"{role}_api_base") or (None if embedded else settings.api_base)
    return own or settings.lm, base


def role_lm(settings: Settings, role: str) -> dspy.LM:
    """The LM that the flags name for a role (see `role_place`)."""
    name, base = role_place(settings, role)
    lm = language_model(
        name, api_base=base, num_retries=settings.retries, cache=settings.reuse == "on", timeout=settings.timeout
    )
    return writing_prose(lm) if role in PROSE_ROLES else lm


def check_lms(settings: Settings) -> None:
    """Loads embedded models and looks for keys and packages now. Raises UserError for what is missing."""
    for role in settings.by_role("lm"):
        prepare(role_lm(settings, role))


def cast_roles(settings: Settings, calls: CallLog, budget: Budget | None = None) -> Roles:
    """All roles of a run. Nothing is sent. Raises UserError for an LM that cannot be used here.

    A `budget` of its own stands in place of the settings' limits, where several casts share one.
    """
    lms = {role: role_lm(settings, role) for role in settings.by_role("lm")}
    caps = {role: most for role, most in LOCAL_MAX_TOKENS.items() if lms[role].model.startswith("local")}
    if settings.max_tokens is not None:  # a limit needs a bound of every reply
        caps = {**dict.fromkeys(lms, REPLY_TOKENS), **caps}
    return Roles.of(
        lms,
        calls=calls,
        seed=settings.seed,
        temperatures=settings.by_role("temperature"),
        max_tokens=caps,
        budget=budget or Budget(settings.max_calls, settings.max_tokens, settings.max_minutes),
    )
