"""The command line's flags, declared once. No DSPy import here: `--help` answers in a moment."""

from programs.flags.lms import (
    add_division_flag,
    add_judge_flags,
    add_lm_flags,
    add_price_flags,
    add_probabilities_flag,
    add_readout_flag,
)
from programs.flags.names import EXPORT_FORMATS, METRIC_NAMES
from programs.flags.parser import Parser, number, whole
from programs.flags.remedies import add_remedy_flags
from programs.flags.rows import add_seed_flag, add_task_flags
from programs.flags.runs import add_limit_flags, add_loop_flags, add_run_flags
from programs.flags.studies import add_diagnose_flags, add_interference_flags, add_rating_flags, add_study_flags

__all__ = [
    "EXPORT_FORMATS",
    "METRIC_NAMES",
    "Parser",
    "add_diagnose_flags",
    "add_division_flag",
    "add_interference_flags",
    "add_judge_flags",
    "add_limit_flags",
    "add_lm_flags",
    "add_loop_flags",
    "add_price_flags",
    "add_probabilities_flag",
    "add_rating_flags",
    "add_readout_flag",
    "add_remedy_flags",
    "add_run_flags",
    "add_seed_flag",
    "add_study_flags",
    "add_task_flags",
    "number",
    "whole",
]
