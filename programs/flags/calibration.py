"""The flags of the calibration of judges' scores."""

from typing import Any

from programs.flags.parser import whole


def add_calibration_flags(group: Any) -> None:
    """Into the group of the remedies."""
    group.add_argument(
        "--calibrate",
        choices=("none", "cutpoints", "isotonic"),
        help="scores brought to the raters' scale, as training rows have it: by cut points between whole levels, or by "
        "an isotonic curve, which leaves their order as it is (default none)",
    )
    group.add_argument(
        "--calibrate-rows", type=whole(1), help="training rows that a calibration is fitted on, at most (default 100)"
    )
