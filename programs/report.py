"""Makes the report.html of a run or a study again from its files, without an LM call."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser
from programs.tracking.flags import add_tracking_flags


def parser() -> Parser:
    parser = Parser(prog="report.py", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="the folder of a run or of a study, or its name")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    parser.add_argument("--results", metavar="DIR", help="keep a study's small JSON and its tables in this folder")
    add_tracking_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.studies.report import report_from_flags  # DSPy is imported only after --help had its chance

    return report_from_flags(given)


if __name__ == "__main__":
    run(main)
