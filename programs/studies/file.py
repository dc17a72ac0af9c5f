"""A study file: TOML whose keys are the long flags, read as if they stood on the command line."""

from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.flags import Parser
from programs.toml import read_toml


def flags_of(file: str, parser: Parser) -> dict[str, Any]:
    """The file's flags, checked as the command line's are; the study's name is the file's unless it says another.

    Raises UserError, beginning with the file's name.
    """
    path = Path(file)
    values = read_toml(path, "give a study file (.toml), or flags")
    try:
        found = vars(parser.parse_args([word for key, value in values.items() for word in _words(key, value)]))
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    if "file" in found:
        raise UserError(f"{file}: a study file cannot name another one")
    return {"run": path.stem, **found}


def _words(key: str, value: object) -> list[str]:
    """One key as words of a command line."""
    if value is True:
        return [f"--{key}"]
    if value is False:
        return []
    if isinstance(value, list):
        return [f"--{key}={','.join(map(str, value))}"]
    if isinstance(value, dict):
        raise UserError(f"the table [{key}] means nothing here: keys are the long flags, at the top level")
    return [f"--{key}={value}"]
