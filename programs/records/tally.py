"""What one role asked and spent, as every table of calls counts it."""

from dataclasses import dataclass

ROLES = ("judge", "loss", "gradient", "rewrite", "condense", "embed", "rater")

SPENT = ("calls", "prompt_tokens", "completion_tokens")
"""What a step counts of its calls."""


@dataclass
class Tally:
    """What one role asked and spent in this process.

    `calls` counts requests sent, failed ones (`failed`, of them `too_long` for the context window) and replies cut off
    by their token limit (`truncated`) too; `given_up` calls that failed on every attempt, so that their rows are
    unscored, or a note or rewrite is missing; `reused` answers that came from a cache, from an identical earlier
    request, or from the replay of an interrupted session; `skipped` planned calls that nothing depended on; tokens are
    those of the calls sent. In a whole run calls - failed + reused + skipped is the estimate, less the calls given up
    and the texts that were too long.
    """

    calls: int = 0
    failed: int = 0
    given_up: int = 0
    truncated: int = 0
    reused: int = 0
    skipped: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    too_long: int = 0
