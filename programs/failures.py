"""What a failure says to the user: one line, with its remedy where it names what it lacks, and never a key."""

import os
import re
import sys
import traceback
from base64 import b64encode, urlsafe_b64encode
from types import TracebackType
from urllib.parse import quote, unquote

KEY_WORDS = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")
MASK = "***"
SHORTEST = 8
"""A shorter value of the environment is no key: to mask it would garble words."""

_USER = re.compile(r"://\S*@")
_QUERY = re.compile(r"([?&][^=&\s]*(?:key|token|secret|passw|pwd|sig)[^=&\s]*=)[^&\s\"']+", re.IGNORECASE)
_HEADER = re.compile(
    r"((?:authorization|api[-_]?key|x-[\w-]*(?:key|token))[\"']*\s*[:=]\s*[\"']*(?:(?:bearer|basic)\s+)?)"
    r"[A-Za-z0-9][^\s\"',;&}]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(\bbearer\s+)(?=\S*\d)[\w.~+/=-]{8,}", re.IGNORECASE)

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
    """The error as one line, without secrets."""
    return without_secrets(" ".join(str(error).split()))


def lm_failure_line(error: BaseException) -> str:
    """An LM's error as one line."""
    line = f"an LM failed: {failure_line(error)}"
    name = refused_setting(error)
    return line if name is None else f"{line}; {REMEDIES[name]}"


def refused_setting(error: BaseException) -> str | None:
    """What an error names of that which a server may refuse of every request; None for other errors."""
    return next((name for name in REMEDIES if name in str(error)), None)


def without_secrets(text: str) -> str:
    """The text without this environment's keys, and without what URLs and headers in it say of keys.

    Servers repeat the key that they refuse, and proxies the address with its password: plainly, quoted for a URL, or
    in base64 as headers have it.
    """
    for form, name in _secrets():
        text = text.replace(form, f"<{name}>")
    return _BEARER.sub(rf"\1{MASK}", _HEADER.sub(rf"\1{MASK}", masked(text)))


def masked(text: str) -> str:
    """The text without what a URL in it says of user, password and keys."""
    return _QUERY.sub(rf"\1{MASK}", _USER.sub(f"://{MASK}@", text))


def masked_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook` for tracebacks that people paste into issues."""
    print(without_secrets("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _secrets() -> list[tuple[str, str]]:
    """Every form of a secret in the environment, the longest first, with the name of its variable."""
    found = []
    for name, value in os.environ.items():
        if any(word in name.upper() for word in KEY_WORDS):
            found += [(form, name) for form in _forms(value)]
        for user in re.findall(r"://([^/\s]+)@", value):
            password = user.partition(":")[2]
            found += [(form, name) for secret in (user, password) for form in _forms(secret)]
    return sorted(found, key=lambda each: -len(each[0]))


def _forms(secret: str) -> set[str]:
    plain = unquote(secret)
    whole = [each.encode(errors="surrogateescape") for each in (secret, plain)]
    coded = {code(each).decode().rstrip("=") for each in whole for code in (b64encode, urlsafe_b64encode)}
    return {each for each in {secret, plain, quote(plain, safe=""), *coded} if len(each) >= SHORTEST}
