"""The one exception for mistakes that the user can mend."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Bad input: its message is one line that names the file, row or flag and says what to do (exit code 2)."""


def suggest(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'mae'?"`, or nothing where no known word is near (a suffix for error messages)."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1)
    return f"; did you mean '{lowered[near[0]]}'?" if near else ""
