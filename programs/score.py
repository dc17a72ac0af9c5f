"""Scores new texts, without ratings, with a compiled judge. Stopped or killed, the same command goes on."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import (
    Parser,
    add_division_flag,
    add_limit_flags,
    add_lm_flags,
    add_probabilities_flag,
    add_readout_flag,
    add_seed_flag,
    number,
)


def parser() -> Parser:
    parser = Parser(prog="score.py", description=__doc__)
    parser.add_argument("saved", metavar="RUN_OR_JUDGE", help="a run's folder, or a judge.json")
    parser.add_argument("--data", required=True, help="CSV, TSV, JSONL, JSON or Parquet file with the judge's inputs")
    parser.add_argument(
        "--out",
        required=True,
        help="CSV file: the input's columns, then CRITERION_score, its probabilities CRITERION_p1, _p2, ... and its"
        " CRITERION_confidence from 0 to 1 (empty where unknown)",
    )
    parser.add_argument(
        "--abstain",
        type=number(0),
        metavar="RISK",
        help="leave scores empty where confidence is too low for a mean absolute error of RISK levels (at 95 %%)",
    )
    parser.add_argument(
        "--curve", metavar="FILE", help="what --abstain takes its thresholds from (default: confidence.json of the run)"
    )
    add_seed_flag(parser)
    add_readout_flag(parser, "the judge's own")
    add_division_flag(parser, "as it was saved")
    add_probabilities_flag(parser)
    add_lm_flags(parser, roles=("judge",))
    add_limit_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.applying.texts import score_from_flags  # DSPy is imported only after --help had its chance

    return score_from_flags(given)


if __name__ == "__main__":
    run(main)
