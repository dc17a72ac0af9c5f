"""Scores new texts, without ratings, with a compiled judge."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser, add_lm_flags, add_readout_flag, add_seed_flag


def parser() -> Parser:
    parser = Parser(prog="score.py", description=__doc__)
    parser.add_argument("judge", metavar="RUN_OR_JUDGE", help="a run's folder, or a judge.json")
    parser.add_argument("--data", required=True, help="CSV, TSV, JSONL, JSON or Parquet file with the judge's inputs")
    parser.add_argument("--out", required=True, help="CSV file: the input's columns, then CRITERION_score")
    add_seed_flag(parser)
    add_readout_flag(parser, "the judge's own")
    add_lm_flags(parser, roles=("judge",))
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.applying.texts import score_from_flags  # DSPy is imported only after --help had its chance

    return score_from_flags(given)


if __name__ == "__main__":
    run(main)
