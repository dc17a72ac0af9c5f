"""Measures on a finished study whether rubrics that work alone still work in one prompt, and who hurts whom."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser, add_interference_flags, add_limit_flags, add_lm_flags


def parser() -> Parser:
    parser = Parser(prog="interference.py", description=__doc__)
    add_interference_flags(parser)
    add_lm_flags(parser, roles=("judge",))
    add_limit_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.studies.interference.session import interference_from_flags  # DSPy only after --help had its chance

    return interference_from_flags(given)


if __name__ == "__main__":
    run(main)
