"""The flags of single raters' scores, declared once. No DSPy import here: `--help` answers in a moment."""

import argparse


def add_rater_flags(group: argparse._ArgumentGroup) -> None:
    """Where the scores of single raters stand, if not in columns that `--criteria` names."""
    group.add_argument("--row", metavar="COLUMN", help="column of unique row ids, by which --ratings are joined")
    group.add_argument(
        "--ratings",
        metavar="FILE",
        help="table of single ratings: row id, rater, and a column a criterion (or criterion and score)",
    )
    group.add_argument(
        "--rater",
        metavar="COLUMN",
        help="column of the rater in --ratings; without that file each row of --data is one rater's",
    )
