"""The flags of remedies against criteria that disturb each other in one prompt."""

from typing import Any

from programs.flags.parser import whole


def add_interference_flags(group: Any) -> None:
    """Into the group of the remedies."""
    group.add_argument(
        "--schedule",
        choices=("joint", "coordinate"),
        help="joint (default): a step rewrites the rubrics of all criteria; coordinate: of one, the weakest first",
    )
    group.add_argument(
        "--gate-by",
        choices=("prompt", "criterion"),
        help="prompt (default): a rewrite is kept or not as a whole; criterion: rubrics that improve their own",
    )
    group.add_argument(
        "--merge",
        choices=("none", "greedy"),
        help="greedy: after the last step, try the rubrics of the archive together, judged jointly; none (default)",
    )
    group.add_argument("--merge-tries", type=whole(1), help="judges to try (default: as many as there are criteria)")
    group.add_argument(
        "--order",
        choices=("fixed", "rotate", "search"),
        help="of the criteria in a prompt: the task's (fixed, default); rotate: the judge asks in every rotation and "
        "takes the mean; search: the kept judge's best on validation rows",
    )
    group.add_argument("--orders-tried", type=whole(1), help="other orders that --order search tries (default 3)")
