"""What a failure says to the user: one line, with its remedy where it names what it lacks, and never a key."""

import os

KEY_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


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
    if any(word in line for word in ("response_format", "json_schema")):
        return f"{line}; if the server cannot follow a JSON schema, use --schema off"
    if "logprobs" in line:
        flags = "--readout digits, --probabilities off, --rate-logprobs off"
        return f"{line}; if the server gives no token probabilities, use {flags}"
    return line
