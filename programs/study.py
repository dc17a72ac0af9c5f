"""Compares modes, gates and arms over seeds and tasks: one run of optimize.py a cell, then the tables."""

from collections.abc import Sequence
from typing import Any

from programs.command import run
from programs.flags import (
    Parser,
    add_judge_flags,
    add_limit_flags,
    add_lm_flags,
    add_loop_flags,
    add_rating_flags,
    add_remedy_flags,
    add_study_flags,
    add_task_flags,
)
from programs.settings import ROLE_NAMES
from programs.studies.arm_file import read_arms
from programs.studies.file import flags_of
from programs.tracking.flags import add_tracking_flags


def parser() -> Parser:
    parser = Parser(prog="study.py", description=__doc__)
    add_study_flags(parser)
    add_task_flags(parser, many=True)
    add_loop_flags(parser, many=True)
    add_remedy_flags(parser)
    add_lm_flags(parser)
    add_rating_flags(parser)
    add_judge_flags(parser)
    add_limit_flags(parser, ROLE_NAMES)
    add_tracking_flags(parser)
    return parser


def given_flags(arguments: Sequence[str]) -> dict[str, Any]:
    """The command line's flags over those of the study file, where one is named."""
    given = vars(parser().parse_args(arguments))
    file = given.pop("file", None)
    if "arms" in given:
        given["arms"] = read_arms(given["arms"])
    return given if file is None else {**flags_of(file, parser()), **given}


def main(arguments: Sequence[str]) -> int:
    given = given_flags(arguments)
    from programs.studies.session import study_from_flags  # DSPy is imported only after --help had its chance

    return study_from_flags(given)


if __name__ == "__main__":
    run(main)
