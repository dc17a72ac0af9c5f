"""Writes a compiled judge in the form that another tool takes. No LM is asked."""

from collections.abc import Sequence

from programs.command import run
from programs.flags import EXPORT_FORMATS, Parser, add_division_flag, add_readout_flag


def parser() -> Parser:
    parser = Parser(prog="export.py", description=__doc__)
    parser.add_argument("saved", metavar="RUN_OR_JUDGE", help="a run's folder, or a judge.json")
    parser.add_argument(
        "--to", required=True, choices=EXPORT_FORMATS,
        help="text: the prompt; openai: chat completions as JSON; promptfoo: a folder; inspect, mlflow: a Python file",
    )  # fmt: skip
    parser.add_argument("--out", required=True, help="the file to write; for promptfoo a new folder")
    parser.add_argument("--lm", help="the LM that the export names (default: the run's judge)")
    parser.add_argument("--api-base", help="URL of the OpenAI-compatible server that the export names")
    add_readout_flag(parser, "the judge's own")
    add_division_flag(parser, "the judge's own")
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.exporting.export import export_from_flags  # DSPy is imported only after --help had its chance

    return export_from_flags(given)


if __name__ == "__main__":
    run(main)
