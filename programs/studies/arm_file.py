"""Arms as they stand in a TOML file: tables `[arms.NAME]` whose keys are the long flags of optimize.py."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.errors import UserError, suggest
from programs.flags import Parser, add_judge_flags, add_lm_flags, add_loop_flags, add_remedy_flags
from programs.toml import read_toml


def read_arms(file: str | Path) -> dict[str, dict[str, Any]]:
    """The arms of a file that holds nothing else. Raises UserError, beginning with the file's name."""
    values = read_toml(Path(file), "give --arms a file (.toml) with tables [arms.NAME]")
    if set(values) != {"arms"}:
        raise UserError(f"{file}: holds {', '.join(values) or 'nothing'}: give tables [arms.NAME] and nothing else")
    return parsed_arms(values["arms"], str(file))


def parsed_arms(values: object, where: str) -> dict[str, dict[str, Any]]:
    """Arm -> its flags, read as if they stood on the command line. Raises UserError, beginning with `where`."""
    if not isinstance(values, Mapping) or not all(isinstance(each, Mapping) for each in values.values()) or not values:
        raise UserError(f"{where}: arms are tables, each written [arms.NAME]")
    return {name: _arm(flags, f"{where}: [arms.{name}]") for name, flags in values.items()}


def words_of(key: str, value: object) -> list[str]:
    """One key of a TOML file as words of a command line."""
    if value is True:
        return [f"--{key}"]
    if value is False:
        return []
    if isinstance(value, list):
        return [f"--{key}={','.join(map(str, value))}"]
    if isinstance(value, Mapping):
        raise UserError(f"the table [{key}] means nothing here: keys are the long flags, at the top level")
    return [f"--{key}={value}"]


def _arm(flags: Mapping[str, Any], where: str) -> dict[str, Any]:
    parser = _parser()
    every = [flag for action in parser._actions for flag in action.option_strings]
    known = [flag.removeprefix("--") for flag in every if flag not in ("-h", "--help")]
    given = {key.replace("_", "-"): value for key, value in flags.items()}
    for key in given:
        if key not in known:
            raise UserError(f"{where}: unknown key '{key}'{suggest(key, known)} (keys are the flags of optimize.py)")
    try:
        return dict(vars(parser.parse_args([word for key, value in given.items() for word in words_of(key, value)])))
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _parser() -> Parser:
    """The flags that an arm may have: those of the loop, the remedies, the LMs and the judge."""
    parser = Parser(prog="arm")
    for add in (add_loop_flags, add_remedy_flags, add_lm_flags, add_judge_flags):
        add(parser)
    return parser
