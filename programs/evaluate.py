"""Scores rated rows with a compiled judge and says how well it agrees with the ratings."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import (
    Parser,
    add_division_flag,
    add_lm_flags,
    add_readout_flag,
    add_seed_flag,
    add_task_flags,
    number,
    whole,
)


def parser() -> Parser:
    parser = Parser(prog="evaluate.py", description=__doc__)
    parser.add_argument("saved", metavar="RUN_OR_JUDGE", help="a run's folder, or a judge.json")
    parser.add_argument("--out", help="also write the agreement to this JSON file")
    parser.add_argument(
        "--curve",
        metavar="FILE",
        help="also ask for token probabilities, and write error by confidence there, for score.py --abstain: of rows"
        " that did not choose the judge",
    )
    add_task_flags(parser)
    add_seed_flag(parser)
    add_readout_flag(parser, "the judge's own")
    add_division_flag(parser, "as it was saved")
    add_scrutiny_flags(parser)
    add_lm_flags(parser, roles=("judge",))
    return parser


def add_scrutiny_flags(parser: Parser) -> None:
    """What is asked of the agreement beside its value."""
    parser.add_argument(
        "--orders", type=whole(1), help="also judge the rows with the criteria in so many other orders (LM calls)"
    )
    parser.add_argument(
        "--tie-epsilon", type=number(0), help="scores that differ by no more are ties (default: chosen on the rows)"
    )


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.applying.evaluation import evaluate_from_flags  # DSPy is imported only after --help had its chance

    return evaluate_from_flags(given)


if __name__ == "__main__":
    run(main)
