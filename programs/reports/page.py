"""The page as HTML: every text is escaped by the template, and a policy in the page lets only our own scripts run."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from programs.reports import agreement, costs, disagreement, overview, rubrics, steps
from programs.reports.figures import figures
from programs.reports.run_files import RunFiles

TEMPLATES = Path(__file__).parent / "templates"


def run_page(run: RunFiles, texts: disagreement.Texts) -> str:
    """The report of one run. `texts` are those of the test rows that may be quoted."""
    return (
        _environment()
        .get_template("run.html")
        .render(
            run=run,
            headline=overview.headline(run),
            cautions=overview.cautions(run),
            facts=overview.facts(run),
            figures={each.name: each for each in figures(run)},
            main_tables=agreement.main_tables(run),
            other_tables=agreement.other_tables(run),
            coverage=agreement.coverage_table(run),
            worst_case=agreement.worst_case_table(run),
            histories=rubrics.histories(run),
            gates=rubrics.gate_table(run),
            steps=steps.step_views(run),
            confusions={part: disagreement.confusions(run, part) for part in ("after", "before")},
            worst=disagreement.worst_rows(run, texts),
            costs=costs.cost_table(run),
            step_costs=costs.step_table(run),
            settings=overview.settings_tables(run),
            **_assets(),
        )
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
