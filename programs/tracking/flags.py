"""The flags of tracking, apart from what they do: `--help` imports no MLflow."""

from programs.flags.parser import Parser


def add_tracking_flags(parser: Parser) -> None:
    group = parser.add_argument_group("tracking")
    group.add_argument(
        "--mlflow",
        metavar="URI",
        help="also log to MLflow: http://HOST:PORT, sqlite:///FILE.db or file:///FOLDER; off: no longer",
    )
    group.add_argument("--mlflow-experiment", metavar="NAME", help="MLflow's experiment (default: the task's name)")
