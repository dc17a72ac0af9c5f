"""A page as HTML: every text is escaped by the template, and a policy in the page lets only our own scripts run."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from programs.reports.parts import kind

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **content: Any) -> str:
    """The whole page: one file that needs no network."""
    return _environment().get_template(template).render(**content, **_assets())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = kind
    return environment


@cache
def _assets() -> dict[str, Markup | list[str]]:
    """Style and scripts, which are ours and plotly's and so go in as they are, with the scripts' hashes."""
    from plotly.offline import get_plotlyjs  # heavy: only where a page is made

    scripts = {"plotly_js": get_plotlyjs(), "draw_js": _text("draw.js")}
    return {
        "style": Markup(_text("style.css")),
        "hashes": [_hash(script) for script in scripts.values()],
        **{name: Markup(script) for name, script in scripts.items()},
    }


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What a Content-Security-Policy calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
