"""A study file: TOML whose keys are the long flags, read as if they stood on the command line, and tables of arms."""

from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.flags import Parser
from programs.studies.arm_file import parsed_arms, read_arms, words_of
from programs.toml import read_toml


def flags_of(file: str, parser: Parser) -> dict[str, Any]:
    """The file's flags, checked as the command line's are; the study's name is the file's unless it says another.

    `arms`, where there are some, are flags by name. Raises UserError, beginning with the file's name.
    """
    path = Path(file)
    values = read_toml(path, "give a study file (.toml), or flags")
    arms = values.pop("arms") if isinstance(values.get("arms"), dict) else None
    try:
        found = vars(parser.parse_args([word for key, value in values.items() for word in words_of(key, value)]))
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    if "file" in found:
        raise UserError(f"{file}: a study file cannot name another one")
    named = {"run": path.stem, **found}
    if arms is not None:
        return {**named, "arms": parsed_arms(arms, file)}
    return {**named, "arms": read_arms(path.parent / found["arms"])} if "arms" in found else named
