"""Compares judges on the same rated rows: runs, saved judges, and scores that somebody else's judge gave."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import (
    METRIC_NAMES,
    Parser,
    add_lm_flags,
    add_price_flags,
    add_readout_flag,
    add_task_flags,
    number,
    whole,
)

JUDGE = (
    "a run (its folder or name: the kept judge); a judge.json; FILE[@COLUMN][:criterion=column,...], a table of "
    "somebody else's scores: rows are matched by the id in COLUMN of both tables, or without @ by the texts of the "
    "inputs, and scores stand in the columns named or in CRITERION_score, as score.py writes them; or "
    "columns:criterion=column,..., columns of the compared rows' own table. The first one is the reference"
)
ROWS = (
    "Without --task, --data or --inputs the test rows of the first run are compared. Rows that any of the runs has "
    "trained or validated on are left out and counted. What a run has paid for is read from it, and costs nothing."
)


def parser() -> Parser:
    parser = Parser(prog="compare.py", description=f"{__doc__} {ROWS}")
    parser.add_argument("judges", nargs="+", metavar="JUDGE", help=JUDGE)
    parser.add_argument("--names", help="what to call them in tables, e.g. before,after (default: their files' names)")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    group = parser.add_argument_group("the comparison")
    group.add_argument("--metric", choices=METRIC_NAMES, help="of agreement with the raters (default spearman)")
    group.add_argument(
        "--margin", type=number(0), help="a loss of less is not worse, in the metric's units (default .02)"
    )
    group.add_argument("--against", choices=("first", "all"), help="pairs: each with the first (default), or all")
    group.add_argument("--rows", type=whole(0), help="rows to show, of those where they differ most (default 10)")
    group.add_argument("--out", help="also write all numbers to this JSON file")
    group.add_argument("--html", metavar="PAGE", help="also write a page, which quotes the texts of these rows")
    add_price_flags(group)
    add_task_flags(parser)
    parser.add_argument("--seed", type=whole(0), help="of resampling, and of a saved judge (default: the first run's)")
    add_readout_flag(parser, "each judge's own")
    add_lm_flags(parser, roles=("judge",))
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.applying.comparing.session import compare_from_flags  # DSPy is imported only after --help

    return compare_from_flags(given)


if __name__ == "__main__":
    run(main)
