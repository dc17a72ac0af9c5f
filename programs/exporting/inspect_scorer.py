"""A Python file with a scorer for Inspect (inspect-ai), which asks a grader model and scores each criterion."""

from pathlib import Path

from programs.exporting.calls import Exported
from programs.exporting.python_file import python_file


def write(exported: Exported, name: str) -> dict[str, str]:
    """One Python file."""
    imports = ["from collections.abc import Callable"]
    return {"": python_file("inspect.py.jinja", exported, imports, module=Path(name).stem)}
