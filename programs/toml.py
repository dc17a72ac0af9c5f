"""TOML files of users: tasks and studies."""

import tomllib
from pathlib import Path
from typing import Any

from programs.errors import UserError


def read_toml(path: Path, remedy: str) -> dict[str, Any]:
    """The file's keys. Raises UserError, with `remedy` where the file cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; {remedy}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a TOML file in UTF-8: {error}") from None
