"""The command line's flags, declared once. No DSPy import here: `--help` answers in a moment."""

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from programs.errors import UserError, suggest
from programs.rater_flags import add_rater_flags
from programs.settings import PRESETS, ROLE_NAMES, Settings

METRIC_NAMES = ("spearman", "kendall", "pairwise", "qwk", "krippendorff", "mae", "off_by_one", "accuracy")
"""Those of `metrics.metric`, whose import would delay `--help`."""

EXPORT_FORMATS = ("text", "openai", "promptfoo", "inspect", "mlflow")
"""Those of `programs.exporting.formats`, likewise."""


_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
_WORD = re.compile(r"[\w-]+")


class Parser(argparse.ArgumentParser):
    """Full flag names only; a mistake is one line (UserError), with a suggestion where one is near."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            allow_abbrev=False, argument_default=argparse.SUPPRESS, formatter_class=argparse.HelpFormatter, **kwargs
        )

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        if choice := _CHOICE.search(message):
            raise UserError(message + suggest(choice[1], _WORD.findall(choice[2])) + " (--help lists the flags)")
        wrong = [word for word in message.split() if word.startswith("--")] if "unrecognized" in message else []
        raise UserError(message + "".join(suggest(word, flags) for word in wrong[:1]) + " (--help lists the flags)")


def whole(least: int) -> Callable[[str], int]:
    """A whole number of at least `least`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if not least <= value < 2**31:
            raise argparse.ArgumentTypeError(f"{value} is out of range: at least {least}, below 2147483648")
        return value

    return read


def number(least: float, most: float = math.inf) -> Callable[[str], float]:
    """A number from `least` to `most`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
        if not (math.isfinite(value) and least <= value <= most):
            raise argparse.ArgumentTypeError(f"{text} is out of range: {least:g} to {most:g}")
        return value

    return read


def add_task_flags(parser: Parser, *, many: bool = False) -> None:
    """With `many`, the lists of a study stand in place of the single values."""
    group = parser.add_argument_group("the task and its rows")
    if many:
        group.add_argument("--tasks", help="names or task files, separated by commas; --data then has one file a task")
    else:
        group.add_argument("--task", help="sample (default), summeval, brighter, or a task file (.toml)")
    group.add_argument("--data", help="CSV, TSV, JSONL, JSON or Parquet file, or a hub data set (org/name[:config])")
    group.add_argument("--inputs", help="own table: columns the judge reads, e.g. source,summary or text=Body")
    group.add_argument("--criteria", help="own table: rated columns and scales, helpful:1-5@anna,ben,tone=Tone:1-3")
    group.add_argument("--group", help="own table: column whose rows belong together (a document)")
    group.add_argument("--system", help="column that says what wrote the judged text: agreement within and of systems")
    add_rater_flags(group)
    group.add_argument("--instructions", help="own table: one sentence that tells the judge what it judges")


def add_lm_flags(parser: Parser, roles: Sequence[str] = ROLE_NAMES) -> None:
    group = parser.add_argument_group("the LMs")
    group.add_argument("--lm", help="any DSPy/LiteLLM name, local (default: the embedded model) or local:/path.gguf")
    group.add_argument("--api-base", help="URL of an OpenAI-compatible server, for all roles without their own")
    for role in roles:
        group.add_argument(f"--{role}-lm", help=f"LM for the role {role}")
        group.add_argument(f"--{role}-api-base", help=f"URL for the role {role}")
        group.add_argument(
            f"--{role}-temperature", type=number(0, 2), help=f"default {getattr(Settings, f'{role}_temperature')}"
        )
    group.add_argument("--threads", type=whole(1), help=f"LM calls in flight (default {Settings.threads})")
    group.add_argument("--retries", type=whole(0), help=f"retries of a failed call (default {Settings.retries})")
    group.add_argument(
        "--reuse",
        choices=("on", "off"),
        help="on (default): no known answer is paid for again; off: every planned call is sent",
    )
    group.add_argument("--save-prompts", action="store_true", help="keep every prompt in calls.jsonl, to read them")


def add_rating_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the diagnostics")
    group.add_argument(
        "--rate-orders",
        type=whole(1),
        help=f"orders of the options in which the rater attributes a suggestion (default {Settings.rate_orders})",
    )
    group.add_argument(
        "--rate-logprobs",
        choices=("auto", "off"),
        help="read the rater's choice from token probabilities where the LM gives them (default auto)",
    )


def add_diagnose_flags(parser: Parser) -> None:
    parser.add_argument("places", nargs="+", metavar="RUN_OR_STUDY", help="folders of runs or studies, or their names")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    parser.add_argument("--limit", type=whole(1), help="rate at most so many notes a run, drawn by --seed (all)")
    parser.add_argument("--seed", type=whole(0), help="seed of the draw of --limit (default: the run's)")


def add_judge_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the judge's prompt")
    group.add_argument("--adapter", choices=("compact", "json", "chat"), help="prompt layout (default compact)")
    group.add_argument("--schema", choices=("auto", "on", "off"), help="JSON schema for replies (default auto)")
    add_readout_flag(group)


def add_readout_flag(parser: argparse._ActionsContainer, default: str = "digits") -> None:
    parser.add_argument(
        "--readout",
        choices=("digits", "expected"),
        help=f"score: the number in the reply, or the scale's mean under its token probabilities (default {default})",
    )


def add_loop_flags(parser: Parser, *, many: bool = False) -> None:
    """With `many`, modes, gates and seeds are a study's lists, declared by `add_study_flags`."""
    group = parser.add_argument_group("the optimization")
    if not many:
        group.add_argument("--mode", help="Single, SSS, SSC, SCC or CCC (default SSC)")
        group.add_argument("--optimizer", help="textgrad (default), or gepa, miprov2, copro with the mode's LM calls")
        group.add_argument("--control", help="none (default), shuffled ratings, paraphrase, or ensemble of k calls")
        group.add_argument("--gate", help="none, mae, off_by_one, accuracy, spearman (default), kendall or qwk")
        group.add_argument("--seed", type=whole(0), help="seed of splits, draws, sampling and resampling (default 0)")
    group.add_argument("--preset", choices=tuple(PRESETS), help="light (default) or the paper's sizes and gate")
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
    group.add_argument(
        "--guard", choices=("on", "off"), help="on (default): refuse rewrites that are no rubric, before the gate"
    )
    group.add_argument("--accept", help="probable (default), or not_worse as in the paper")
    group.add_argument("--probability", type=number(0, 1), help="what --accept probable asks for (default 0.8)")
    group.add_argument("--keep", choices=("best", "last"), help="which accepted judge to keep (default best)")
    group.add_argument("--reserve", type=number(0, 0.9), help="share of the validation rows that choose the best (0.5)")


def add_run_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument("--run", help="the run's name (default: task-mode-seed-time)")
    group.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    group.add_argument("--resume", metavar="RUN", help="continue a stopped run: its folder, or its name")
    add_limit_flags(parser)


def add_study_flags(parser: Parser) -> None:
    """What a study has in place of one run's mode, gate, seed and name."""
    group = parser.add_argument_group("the study")
    group.add_argument("file", nargs="?", metavar="FILE.toml", help="study file: keys are these flags, lists are lists")
    group.add_argument("--modes", help="modes, separated by commas (default: all five)")
    group.add_argument("--gates", help="gates, separated by commas (default: none,mae)")
    group.add_argument("--optimizers", help="textgrad (default), gepa, miprov2, copro, separated by commas")
    group.add_argument("--controls", help="controls to add: shuffled, paraphrase, ensemble, separated by commas")
    group.add_argument("--seeds", help="seeds, separated by commas (default: 0,1,2)")
    group.add_argument("--run", help="the study's name (default: the file's, or study-time); an old one continues")
    group.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    group.add_argument("--yes", action="store_true", help="start without asking")
    group.add_argument(
        "--engine", choices=("local", "ray"), help="where cells run: here (default), or on a Ray cluster"
    )
    group.add_argument(
        "--parallel-cells", type=whole(1), help="cells at once with --engine local, of different tasks or seeds (1)"
    )
    group.add_argument(
        "--ray-address", help="the cluster (default: RAY_ADDRESS, or the one here); a cell takes --threads CPUs (4)"
    )


def add_interference_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the experiment")
    group.add_argument("study", metavar="STUDY", help="a study's folder or name; its Single cells give the rubrics")
    group.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    group.add_argument(
        "--selection", choices=("validation", "test"),
        help="best rubrics by validation rows (default), or by the reported test rows: the paper's way, biased upward",
    )  # fmt: skip
    group.add_argument("--metric", choices=METRIC_NAMES, help="selects the rubrics, and is shown (default spearman)")
    group.add_argument("--pairs", choices=("on", "off"), help="also every two criteria in one prompt (default on)")
    group.add_argument("--rows", type=whole(1), help="test rows (default: the study's test size)")
    group.add_argument("--yes", action="store_true", help="start without asking")


def add_limit_flags(parser: Parser) -> None:
    group = parser.add_argument_group("limits (of a study: for each cell)")
    group.add_argument("--max-calls", type=whole(0), help="stop before this many LM calls are exceeded")
    group.add_argument("--max-tokens", type=whole(0), help="stop before this many tokens are exceeded")
    group.add_argument("--max-minutes", type=number(0), help="stop after this many minutes")


def add_seed_flag(parser: Parser) -> None:
    parser.add_argument("--seed", type=whole(0), help="seed of sampling and resampling (default 0)")
