"""A folder for `promptfoo eval`: the judge's prompts on the user's rows, each criterion's score a named metric.

Prompts and reading are Python functions, so that promptfoo's template language never touches a text, and its own
parsing never a reply. promptfoo hands no token probabilities with their alternatives to an assertion.
"""

from programs.exporting.calls import Exported
from programs.exporting.page import render
from programs.exporting.python_file import python_file


def write(exported: Exported, name: str) -> dict[str, str]:
    """promptfooconfig.yaml and judge.py; the rows are the user's."""
    provider = f"openai:chat:{exported.model or 'YOUR-MODEL'}"
    return {
        "promptfooconfig.yaml": render("promptfooconfig.yaml.jinja", exported, provider=provider),
        "judge.py": python_file("promptfoo.py.jinja", exported, ["import json"]),
    }
