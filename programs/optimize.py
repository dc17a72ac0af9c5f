"""Optimizes the prompt of a multi-criteria LLM judge: rated rows in, a judge and an honest report out."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import (
    Parser,
    add_judge_flags,
    add_lm_flags,
    add_loop_flags,
    add_rating_flags,
    add_remedy_flags,
    add_run_flags,
    add_task_flags,
)
from programs.tracking.flags import add_tracking_flags


def parser() -> Parser:
    parser = Parser(prog="optimize.py", description=__doc__)
    add_task_flags(parser)
    add_loop_flags(parser)
    add_remedy_flags(parser)
    add_lm_flags(parser)
    add_rating_flags(parser)
    add_judge_flags(parser)
    add_run_flags(parser)
    add_tracking_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.optimizer.session import optimize_from_flags  # DSPy is imported only after --help had its chance

    return optimize_from_flags(given)


if __name__ == "__main__":
    run(main)
