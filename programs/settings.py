"""The settings of an optimization run: one dataclass, its presets, and which of them a resumed run may change.

Imported before DSPy, so that `--help` answers at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

from programs.method import Method

ROLE_NAMES = ("judge", "loss", "gradient", "rewrite", "rater")

ASSISTANTS = {"condense": "rewrite"}
"""Roles of remedies, counted by themselves, and the role whose LM plays each."""

OPTIMIZERS = ("textgrad", "gepa", "miprov2", "copro")
"""Textual gradients, and DSPy's own optimizers on the same footing."""

RESOLVE = ("none", "router", "pcgrad", "cagrad", "mgda", "merge")
"""Which gradients the rewrite follows: the ways of `programs.optimizer.resolving`."""

CONTROLS = ("shuffled", "paraphrase", "ensemble")
"""What a gain must be compared with before it is put down to textual gradients."""


DECISION = "decision"

LAYOUTS = {"isolated": "isolated", DECISION: DECISION}
"""What `--judge` says beside which criteria share a call, and the prompt layout that it takes the place of `compact`
with."""


class Form(TypedDict):
    """How a judge asks and reads: prompt layout, whether replies follow a JSON schema, what a score is, and, where
    it is not `fixed`, what becomes of the criteria's order."""

    adapter: str
    schema: str
    readout: str
    order: NotRequired[str]


@dataclass(frozen=True)
class Settings(Method):
    """Everything that decides what a run does. Field names are the long flags with `_` for `-`."""

    mode: str = "SSC"
    optimizer: str = "textgrad"
    control: str = "none"
    preset: str = "light"
    # the task and its rows
    task: str | None = None
    data: str | None = None
    inputs: str | None = None
    criteria: str | None = None
    group: str | None = None
    system: str | None = None
    row: str | None = None
    ratings: str | None = None
    rater: str | None = None
    instructions: str | None = None
    train_size: int = 60
    val_size: int = 20
    test_size: int = 30
    split_by: str = "document"
    half: str = "development"
    # the loop
    steps: int = 2
    batch_size: int = 2
    judge: str = "mode"
    anchors: int = 0
    gate: str = "spearman"
    accept: str = "probable"
    probability: float = 0.8
    race: str = "off"
    keep: str = "best"
    reserve: float = 0.5
    # remedies: what takes the place of the paper's in the loop
    schedule: str = "joint"
    gate_by: str = "prompt"
    merge: str = "none"
    merge_tries: int | None = None
    order: str = "fixed"
    orders_tried: int | None = None
    guard: str = "on"
    notes: str = "text"
    resolve: str = "none"
    batch: str = "random"
    batch_pool: int = 60
    router_by: str = "attribution"
    router_threshold: float | None = None
    loss: str = "difference"
    constrain: str = "none"
    length_target: int | None = None
    conflict: str = "behaviour"
    edits: int = 6
    probe_rows: int = 12
    edit_noise: float = 1.28
    embedder: str = "local"
    calibrate: str = "none"
    calibrate_rows: int = 100
    # what is measured on the way
    eval_every: int = 0
    rate_every: int = 0
    rate_orders: int = 4
    rate_logprobs: str = "auto"
    seed: int = 0
    # the LMs
    lm: str = "local"
    api_base: str | None = None
    adapter: str = "compact"
    schema: str = "auto"
    readout: str = "digits"
    judge_lm: str | None = None
    loss_lm: str | None = None
    gradient_lm: str | None = None
    rewrite_lm: str | None = None
    rater_lm: str | None = None
    judge_api_base: str | None = None
    loss_api_base: str | None = None
    gradient_api_base: str | None = None
    rewrite_api_base: str | None = None
    rater_api_base: str | None = None
    judge_temperature: float = 0.1
    loss_temperature: float = 0.3
    gradient_temperature: float = 0.3
    rewrite_temperature: float = 0.7
    rater_temperature: float = 0.0
    # how it is done, not what
    threads: int = 8
    retries: int = 3
    timeout: float | None = None
    reuse: str = "on"
    save_prompts: bool = False
    max_calls: int | None = None
    max_tokens: int | None = None
    max_minutes: float | None = None
    max_cost: float | None = None
    price_in: float | None = None
    price_out: float | None = None
    judge_price_in: float | None = None
    judge_price_out: float | None = None
    loss_price_in: float | None = None
    loss_price_out: float | None = None
    gradient_price_in: float | None = None
    gradient_price_out: float | None = None
    rewrite_price_in: float | None = None
    rewrite_price_out: float | None = None
    rater_price_in: float | None = None
    rater_price_out: float | None = None

    @property
    def limited(self) -> bool:
        """Whether a limit may end it before its time."""
        return any(limit is not None for limit in (self.max_calls, self.max_tokens, self.max_cost, self.max_minutes))

    @property
    def critical(self) -> bool:
        """Whether it has losses and gradients, which a rater could rate."""
        return self.stepwise and self.control != "paraphrase"

    def tests_after(self, step: int) -> bool:
        """Whether the judge after this step is scored on the test rows, beside the first and the kept one."""
        return bool(self.eval_every) and 0 < step <= self.steps and step % self.eval_every == 0

    @property
    def form(self) -> Form:
        """How the judge asks and reads."""
        adapter = LAYOUTS.get(self.judge, self.adapter)
        form = Form(adapter=adapter, schema=self.schema, readout=self.readout)
        return form if self.order != "rotate" else Form(**form, order=self.order)

    def by_role(self, suffix: str) -> dict[str, Any]:
        """`{role: value}` of the fields `<role>_<suffix>`."""
        return {role: getattr(self, f"{role}_{suffix}") for role in ROLE_NAMES}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "light": {},
    "paper": {
        "steps": 12,
        "batch_size": 3,
        "train_size": 160,
        "val_size": 100,
        "test_size": 480,
        "eval_every": 1,
        "guard": "off",
        "gate": "mae",
        "accept": "not_worse",
        "reserve": 0.0,
    },
    # what development rows support and sealed rows confirmed (docs/how-to/ablation.md): what needs no optimization
    "best": {"readout": "expected", "anchors": 8, "calibrate": "isotonic"},
}

SIZES = ("train_size", "val_size", "test_size")


def resolve(given: Mapping[str, Any]) -> Settings:
    """The flags that were given, over their preset, over the defaults. Only what is there is scored or rated."""
    preset = given.get("preset", "light")
    settings = Settings(**{**PRESETS[preset], **given})
    scored = settings.eval_every if settings.stepwise else 0
    return replace(settings, eval_every=scored, rate_every=settings.rate_every if settings.critical else 0)
