"""What a failure says to the user: one line, with its remedy where it names what it lacks, and never a key."""

import os

KEY_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")

REMEDIES = {
    "response_format": "if the server cannot follow a JSON schema, use --schema off",
    "json_schema": "if the server cannot follow a JSON schema, use --schema off",
    "logprobs": "if the server gives no token probabilities, use --readout digits, --probabilities off,"
    " --rate-logprobs off",
    "max_tokens": "if the server takes no limit of a reply's tokens, leave --max-tokens out and bound the run with"
    " --max-calls",
    "temperature": "if the model takes one temperature only, give that with --judge-temperature, --loss-temperature,"
    " --gradient-temperature, --rewrite-temperature",
    "seed": "if the server takes no seed, set every role's temperature to 0, at which none is sent",
}
"""What a server may refuse of our requests, by the name that it has on the wire -> what to do then."""


def failure_line(error: BaseException) -> str:
    """The error as one line. Servers repeat the key that they refuse, so this environment's keys are masked."""
    line = " ".join(str(error).split())
    for name, value in os.environ.items():
        if len(value) >= 8 and any(word in name.upper() for word in KEY_WORDS):
            line = line.replace(value, f"<{name}>")
    return line


def lm_failure_line(error: BaseException) -> str:
    """An LM's error as one line."""
    line = f"an LM failed: {failure_line(error)}"
    name = refused_setting(error)
    return line if name is None else f"{line}; {REMEDIES[name]}"


def refused_setting(error: BaseException) -> str | None:
    """What an error names of that which a server may refuse of every request; None for other errors."""
    return next((name for name in REMEDIES if name in str(error)), None)
