"""The flags of an optimization: the loop, its run, and what it may spend."""

from collections.abc import Sequence

from programs.flags.lms import add_price_flags
from programs.flags.parser import Parser, number, whole
from programs.settings import PRESETS, ROLE_NAMES, Settings


def add_loop_flags(parser: Parser, *, many: bool = False) -> None:
    """With `many`, modes, gates and seeds are a study's lists, declared by `add_study_flags`."""
    group = parser.add_argument_group("the optimization")
    if not many:
        group.add_argument("--mode", help="Single, SSS, SSC, SCC or CCC (default SSC)")
        group.add_argument("--optimizer", help="textgrad (default), or gepa, miprov2, copro with the mode's LM calls")
        group.add_argument("--control", help="none (default), shuffled ratings, paraphrase, or ensemble of k calls")
        group.add_argument("--gate", help="none, mae, off_by_one, accuracy, spearman (default), kendall or qwk")
        group.add_argument("--seed", type=whole(0), help="seed of splits, draws, sampling and resampling (default 0)")
    group.add_argument(
        "--preset", choices=tuple(PRESETS), help="light (default), the paper's sizes and gate, or best: see docs"
    )
    for flag, least, meaning in (
        ("--steps", 0, "optimization steps"),
        ("--batch-size", 1, "training rows a step"),
        ("--train-size", 1, "training rows"),
        ("--val-size", 2, "validation rows"),
        ("--test-size", 1, "test rows"),
        ("--eval-every", 0, "score the test rows every N steps (of textgrad); 0: at the start and the end"),
        ("--rate-every", 0, "let the rater diagnose the feedback of every N-th step; 0: never"),
    ):
        default = getattr(Settings, flag.strip("-").replace("-", "_"))
        group.add_argument(flag, type=whole(least), help=f"{meaning} (default {default})")
    group.add_argument("--split-by", choices=("document", "row"), help="split by document (default) or by row")
    group.add_argument("--accept", help="probable (default), or not_worse as in the paper")
    group.add_argument("--probability", type=number(0, 1), help="what --accept probable asks for (default 0.8)")
    group.add_argument(
        "--race",
        choices=("on", "off"),
        help="on: the gate judges validation rows in blocks until the decision is clear (default off)",
    )
    group.add_argument("--keep", choices=("best", "last"), help="which accepted judge to keep (default best)")
    group.add_argument("--reserve", type=number(0, 0.9), help="share of the validation rows that choose the best (0.5)")


def add_run_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument("--run", help="the run's name (default: task-mode-seed-time)")
    group.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    group.add_argument("--resume", metavar="RUN", help="continue a stopped run: its folder, or its name")
    add_limit_flags(parser, ROLE_NAMES)


def add_limit_flags(parser: Parser, roles: Sequence[str] = ()) -> None:
    """With `roles`, whose LMs may differ, each has its own flags of prices."""
    group = parser.add_argument_group("limits (of a study: for each cell)")
    group.add_argument("--max-calls", type=whole(0), help="stop before this many LM calls are exceeded")
    group.add_argument("--max-tokens", type=whole(0), help="stop before this many tokens are exceeded")
    group.add_argument("--max-minutes", type=number(0), help="stop after this many minutes")
    group.add_argument("--max-cost", type=number(0), help="stop before this many US dollars are exceeded")
    add_price_flags(group)
    for role in roles:
        for side, words in (("in", "prompt"), ("out", "reply")):
            text = f"USD per million {words} tokens of --{role}-lm"
            group.add_argument(f"--{role}-price-{side}", type=number(0), help=text)
