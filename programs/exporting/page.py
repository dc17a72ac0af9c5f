"""Text from a template of this package: nothing is escaped, so what is put into code goes through a filter."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from programs.exporting.calls import Exported
from programs.exporting.literals import literal
from programs.optimizer.judge import TAGGED

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, exported: Exported, **more: Any) -> str:
    """The template filled in for a judge."""
    judge = exported.judge
    return _environment().get_template(template).render(
        export=exported,
        about=exported.about,
        title=f"The judge of the task {judge.task.name}",
        calls=[{"scales": each.scales, "messages": each.messages, "options": each.options} for each in exported.calls],
        tagged=judge.adapter in TAGGED,
        marked=judge.adapter == "chat",
        expects=judge.readout == "expected",
        **more,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = literal
    environment.filters["json"] = lambda value: json.dumps(value)
    return environment
