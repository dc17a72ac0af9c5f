"""What a run cost: calls and tokens by role and by step."""

from collections.abc import Mapping

from programs.reports.run_files import RunFiles
from programs.reports.table import Table

COUNTED = {
    "calls": "calls sent",
    "failed": "failed",
    "given_up": "given up",
    "truncated": "truncated",
    "reused": "reused",
    "skipped": "skipped",
    "prompt_tokens": "prompt tokens",
    "cached_prompt_tokens": "of them cached",
    "completion_tokens": "reply tokens",
}


def cost_table(run: RunFiles) -> Table:
    """Calls and tokens by role, with the LM that played it and the bound that was announced."""
    rows = [
        [role, lm_of(run, role), str(run.summary["estimate"].get(role, 0)), *_counts(tally)]
        for role, tally in run.summary["calls"].items()
    ]
    return Table.of("LM calls by role", ("role", "LM", "at most", *COUNTED.values()), rows)


def step_table(run: RunFiles) -> Table:
    """What each step asked, whether it was sent then or in an earlier session."""
    keys = ("calls", "prompt_tokens", "completion_tokens")
    rows = [[str(step["step"]), *(f"{step['spent'].get(key, 0):,}" for key in keys)] for step in run.steps]
    return Table.of("LM calls by step", ("step", "calls", "prompt tokens", "reply tokens"), rows)


def lm_of(run: RunFiles, role: str) -> str:
    return str(run.settings.get(f"{role}_lm") or run.settings["lm"])


def total(run: RunFiles, key: str) -> int:
    """The sum over all roles."""
    return sum(int(tally.get(key, 0)) for tally in run.summary["calls"].values())


def _counts(tally: Mapping[str, int]) -> list[str]:
    return [f"{tally[key]:,}" if key in tally else "not counted" for key in COUNTED]
