"""The flags of the task, its rows and who rated them."""

import argparse

from programs.flags.parser import Parser, whole

HALVES = ("development", "confirmation", "all")
"""Those of `programs.tasks.sealed`."""


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
    group.add_argument(
        "--half",
        choices=HALVES,
        help="of a task with sealed test rows (brighter): development (default), confirmation, which confirm.py opens"
        " once and nothing is optimized on, or all",
    )
    group.add_argument("--instructions", help="own table: one sentence that tells the judge what it judges")


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


def add_seed_flag(parser: Parser) -> None:
    parser.add_argument("--seed", type=whole(0), help="seed of sampling and resampling (default 0)")
