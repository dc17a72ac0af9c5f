"""The flags of what may take the place of the paper's in the loop; each is off, or the paper's, by default."""

import argparse

from programs.flags.calibration import add_calibration_flags
from programs.flags.conflict import add_conflict_flags
from programs.flags.interference import add_interference_flags
from programs.flags.parser import Parser, number, whole
from programs.settings import RESOLVE


def add_remedy_flags(parser: Parser) -> None:
    group = parser.add_argument_group("remedies")
    add_interference_flags(group)
    _add_row_flags(group)
    _add_gradient_flags(group)
    _add_rubric_flags(group)


def _add_row_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--batch",
        choices=("random", "hard"),
        help="a step's rows: any (random, default), or those that judge and raters differ on, for all criteria in turn",
    )
    group.add_argument("--batch-pool", type=whole(1), help="training rows to draw hard batches from (default 60)")
    group.add_argument(
        "--loss",
        choices=("difference", "pairs"),
        help="losses about each row (difference, default), or about pairs that judge and raters order differently",
    )


def _add_gradient_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--notes",
        choices=("text", "per-field"),
        help="a gradient about several criteria: one text for all (default), or a field for each",
    )
    group.add_argument(
        "--resolve",
        choices=RESOLVE,
        help="gradients for the rewrite; none (default): as they were written; router: separate ones where joint ones "
        "say too little of a criterion",
    )
    group.add_argument(
        "--router-by",
        choices=("attribution", "specificity"),
        help="how the router measures focus: attribution (default; a small rater will do) or a rating from 1 to 10",
    )
    group.add_argument(
        "--router-threshold",
        type=number(0, 10),
        help="the focus below which a criterion is rerouted (default 0.5 by attribution, 5 by specificity)",
    )


def _add_rubric_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--constrain",
        choices=("none", "length", "length-placebo"),
        help="length: rubrics of one prompt are kept about as long as each other; length-placebo: its control, "
        "condensed as much with the ratios kept (default none)",
    )
    group.add_argument(
        "--length-target", type=whole(10), help="tokens of a rubric under --constrain (default: the prompt's median)"
    )
    group.add_argument(
        "--guard", choices=("on", "off"), help="on (default): refuse rewrites that are no rubric, before the gate"
    )
    group.add_argument(
        "--anchors", type=whole(0), help="rated training rows shown to the judge as solved examples (default 0)"
    )
    add_conflict_flags(group)
    add_calibration_flags(group)
