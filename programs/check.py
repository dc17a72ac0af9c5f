"""Freezes a judge's scores of anchor rows, and says later, or on another LM, whether the judge has drifted.

Exit code 1 is drift, 0 is none shown, 2 bad input, 3 a failing LM.
"""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser, add_lm_flags, add_readout_flag, add_task_flags, number, whole

ROWS, REPEATS, MOST_REPEATS, ALPHA = 100, 3, 5, 0.01


def parser() -> Parser:
    parser = Parser(prog="check.py", description=__doc__)
    parser.add_argument("judge", metavar="RUN_OR_JUDGE", help="a run's folder, or a judge.json")
    parser.add_argument(
        "anchors", nargs="?", metavar="ANCHORS", help="a file that --freeze has written: check against it"
    )
    group = parser.add_argument_group("freezing")
    group.add_argument("--freeze", metavar="FILE", help="score anchor rows now and write them, with their texts, here")
    group.add_argument("--rows", type=whole(6), help=f"anchor rows, drawn over the ratings by --seed (default {ROWS})")
    group = parser.add_argument_group("checking")
    group.add_argument("--alpha", type=number(1e-4, 0.5), help=f"rate of false alarms of a check (default {ALPHA:g})")
    group.add_argument(
        "--tolerance",
        metavar="LIST",
        help="drift that does not matter, e.g. bias=.2,spread=.1,spearman=.05,coverage=.02",
    )
    group.add_argument("--out", help="also write the comparison to this JSON file")
    parser.add_argument(
        "--repeats", type=whole(1), help=f"scorings of every row (default {REPEATS} to freeze, 1 to check)"
    )
    parser.add_argument(
        "--seed", type=whole(0), help="seed of draw, sampling and resampling (default 0, or the anchors')"
    )
    add_task_flags(parser)
    add_readout_flag(parser, "the judge's own")
    add_lm_flags(parser, roles=("judge",))
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.checking.session import check_from_flags  # DSPy is imported only after --help had its chance

    return check_from_flags(given)


if __name__ == "__main__":
    run(main)
