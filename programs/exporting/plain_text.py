"""The prompt as a text for people, exactly as it is sent, with a note on how to fill it in and read the reply."""

from programs.exporting.calls import Exported
from programs.exporting.page import render


def write(exported: Exported, name: str) -> dict[str, str]:
    """One text file."""
    return {"": render("judge.txt.jinja", exported)}
