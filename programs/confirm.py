"""Opens the sealed rows of a study's task, once: is an arm better than another, worse, or not worse by a margin?"""

from collections.abc import Sequence

from programs.command import run
from programs.flags import Parser, add_limit_flags, add_lm_flags, number, whole

ROWS, MARGIN = 600, 0.02


def parser() -> Parser:
    parser = Parser(prog="confirm.py", description=__doc__)
    parser.add_argument("study", metavar="STUDY", help="a study's folder or name, all cells of the named arms finished")
    parser.add_argument("--primary", metavar="ARM", help="the arm that is to be confirmed: a name, or e.g. SSC-mae")
    parser.add_argument(
        "--against",
        metavar="ARM[,ARM...]",
        help="its rivals, the first of which is the primary contrast; auto: the strongest of the Single and GEPA "
        "arms and of those without a step on development rows; the initial prompt is always scored too",
    )
    parser.add_argument("--rows", type=whole(2), help=f"sealed rows to score, of their fixed order (default {ROWS})")
    parser.add_argument("--margin", type=number(0), help=f"a loss of Spearman that would not matter (default {MARGIN})")
    parser.add_argument("--seed", type=whole(0), help="seed of resampling (default 0)")
    parser.add_argument("--runs-dir", help="folder of the runs (default: runs)")
    parser.add_argument("--resume", action="store_true", help="go on with the last opening, or show it again")
    parser.add_argument("--again", action="store_true", help="open the rows once more, which is recorded and shown")
    parser.add_argument("--yes", action="store_true", help="start without asking")
    add_lm_flags(parser, roles=("judge",))
    add_limit_flags(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    given = vars(parser().parse_args(arguments))
    from programs.confirming.session import confirm_from_flags  # DSPy is imported only after --help had its chance

    return confirm_from_flags(given)


if __name__ == "__main__":
    run(main)
