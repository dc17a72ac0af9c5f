"""Rates the feedback of finished runs: is each piece about its criterion, what does it suggest, was it followed?"""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser, add_diagnose_flags, add_limit_flags, add_lm_flags, add_rating_flags


def parser() -> Parser:
    parser = Parser(prog="diagnose.py", description=__doc__)
    add_diagnose_flags(parser)
    add_rating_flags(parser)
    add_lm_flags(parser, roles=("rater",))
    add_limit_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.diagnostics.session import diagnose_from_flags  # DSPy is imported only after --help had its chance

    return diagnose_from_flags(given)


if __name__ == "__main__":
    run(main)
