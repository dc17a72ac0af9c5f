"""From settings to the LMs that play the roles."""

import dspy

from programs.backends.decision import require_measuring
from programs.backends.embedder import embedding_model
from programs.backends.names import language_model, only_decides, prepare, writing_prose
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.conflict.ways import embeds
from programs.optimizer.modes import parse_mode
from programs.optimizer.pricing import budget_of, role_place
from programs.records.budget import Budget
from programs.records.calls import CallLog
from programs.settings import ASSISTANTS, DECISION, Settings
from signatures.judge import judge_signature
from signatures.records import Criterion

LOCAL_MAX_TOKENS = {"judge": 256, "loss": 240, "gradient": 240, "rewrite": 800, "condense": 400, "rater": 32}
"""Most tokens of a reply of the embedded model, by role: a small model that rambles must end some time."""

PROSE_ROLES = ("loss", "gradient")


def in_fields(settings: Settings) -> bool:
    """Whether a gradient's reply holds a text for each criterion."""
    return settings.notes == "per-field" and parse_mode(settings.mode).gradient == "C"


def local_most(settings: Settings) -> dict[str, int]:
    """`LOCAL_MAX_TOKENS` of a run: gradients in fields, and merged ones, have as many texts in a reply as a rewrite."""
    fields = {"gradient": in_fields(settings), "condense": settings.resolve == "merge"}
    return LOCAL_MAX_TOKENS | {role: LOCAL_MAX_TOKENS["rewrite"] for role, whether in fields.items() if whether}


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
    if embeds(settings):
        prepare(_embedder(settings))


def check_run_lms(settings: Settings) -> None:
    """The same of a run, and that each LM can do what it is there for: none is asked to decide that cannot measure, or
    to write that only decides. Raises UserError."""
    for role in settings.by_role("lm"):
        lm = role_lm(settings, role)
        if role == "judge" and settings.judge == DECISION:
            require_measuring(lm, judge_signature("Judge.", {"text": "Text"}, [Criterion("quality", 1, 5)]))
        elif only_decides(lm):
            flag = "give --judge decision" if role == "judge" else f"name another LM for {role} (--{role}-lm)"
            raise UserError(f"{lm.model} answers questions and writes no text: {flag}")
    check_lms(settings)  # last, since it loads models


def cast_roles(settings: Settings, calls: CallLog, budget: Budget | None = None) -> Roles:
    """All roles of a run. Nothing is sent. Raises UserError for an LM that cannot be used here.

    A `budget` of its own stands in place of the settings' limits, where several casts share one.
    """
    lms = {role: role_lm(settings, role) for role in settings.by_role("lm")}
    local = {role for role, lm in lms.items() if lm.model.startswith("local")}
    caps = {role: most for role, most in local_most(settings).items() if ASSISTANTS.get(role, role) in local}
    return Roles.of(
        {**lms, "embed": _embedder(settings)} if embeds(settings) else lms,
        calls=calls,
        seed=settings.seed,
        temperatures=settings.by_role("temperature"),
        max_tokens=caps,
        budget=budget or budget_of(settings),
    )


def _embedder(settings: Settings) -> dspy.LM:
    return embedding_model(settings.embedder, num_retries=settings.retries, cache=settings.reuse == "on")
