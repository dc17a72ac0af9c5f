"""The flags of studies and of what is done with finished ones."""

from programs.flags.names import METRIC_NAMES
from programs.flags.parser import Parser, whole
from programs.settings import Settings


def add_study_flags(parser: Parser) -> None:
    """What a study has in place of one run's mode, gate, seed and name."""
    group = parser.add_argument_group("the study")
    group.add_argument("file", nargs="?", metavar="FILE.toml", help="study file: keys are these flags, lists are lists")
    group.add_argument("--modes", help="modes, separated by commas (default: all five)")
    group.add_argument("--gates", help="gates, separated by commas (default: none,mae)")
    group.add_argument("--optimizers", help="textgrad (default), gepa, miprov2, copro, separated by commas")
    group.add_argument("--controls", help="controls to add: shuffled, paraphrase, ensemble, separated by commas")
    group.add_argument(
        "--arms",
        metavar="FILE.toml",
        help="tables [arms.NAME] of optimize.py's flags: an arm each, and no modes unless named",
    )
    group.add_argument(
        "--equal-calls", metavar="ARM", help="give each other arm the steps that fit in the calls of this one's search"
    )
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


def add_diagnose_flags(parser: Parser) -> None:
    parser.add_argument("places", nargs="+", metavar="RUN_OR_STUDY", help="folders of runs or studies, or their names")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    parser.add_argument("--limit", type=whole(1), help="rate at most so many notes a run, drawn by --seed (all)")
    parser.add_argument("--seed", type=whole(0), help="seed of the draw of --limit (default: the run's)")


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
