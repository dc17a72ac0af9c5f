"""From a pilot's variance: the rows, raters and seeds that show a stated difference of two judges, and their cost."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import METRIC_NAMES, Parser, add_price_flags, number, whole

POWER, ALPHA = 0.8, 0.05


def parser() -> Parser:
    parser = Parser(prog="advise.py", description=f"{__doc__} It makes no LM call.")
    parser.add_argument(
        "pilot", metavar="PILOT", help="a run or a study (its folder or name), or what evaluate.py --out has written"
    )
    parser.add_argument("--difference", type=number(1e-6), required=True, help="the difference to be seen, e.g. .05")
    parser.add_argument("--metric", choices=METRIC_NAMES, help="in which metric (default spearman)")
    parser.add_argument("--power", type=number(0.5, 0.999), help=f"how often it is to be seen (default {POWER:g})")
    parser.add_argument("--alpha", type=number(1e-4, 0.2), help=f"two-sided level of the test (default {ALPHA:g})")
    parser.add_argument("--seed", type=whole(0), help="seed of the parts of the pilot that are drawn (default 0)")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    parser.add_argument("--out", help="also write the advice to this JSON file")
    group = parser.add_argument_group("the raters")
    group.add_argument("--raters", type=whole(1), help="of how many raters each of the pilot's ratings is the mean")
    group.add_argument(
        "--reliability", metavar="LIST", help="of those ratings, 0 to 1: one number, or helpful=.6,polite=.7"
    )
    group = parser.add_argument_group("the cost")
    group.add_argument("--lm", help="LM to price the calls by (default: the pilot's judge)")
    add_price_flags(group)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.advising.session import advise_from_flags  # NumPy is imported only after --help had its chance

    return advise_from_flags(given)


if __name__ == "__main__":
    run(main)
