"""The flags of what may take the place of the paper's in the loop; each is off, or the paper's, by default."""

from programs.flags.parser import Parser
from programs.settings import RESOLVE


def add_remedy_flags(parser: Parser) -> None:
    group = parser.add_argument_group("remedies")
    group.add_argument(
        "--schedule",
        choices=("joint", "coordinate"),
        help="joint (default): a step rewrites the rubrics of all criteria; coordinate: of one, the weakest first",
    )
    group.add_argument(
        "--guard", choices=("on", "off"), help="on (default): refuse rewrites that are no rubric, before the gate"
    )
    group.add_argument(
        "--resolve", choices=RESOLVE, help="gradients for the rewrite; none (default): as they were written"
    )
