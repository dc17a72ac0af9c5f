"""Builds the documentation: a folder of pages that opens from the disk and asks nothing of the network.

python -m docs.build [FOLDER]     default build/site; then open FOLDER/index.html

The pages are the Markdown of docs/, that of PAGES, and the reference that `docs.reference` writes from docstrings and
`--help`. A warning (a dead link, an unknown anchor) ends the build with an error.
"""

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from latex2mathml.converter import convert

from docs.reference import ROOT, write_reference

DOCS = ROOT / "docs"
PAGES = {"runs/README.md": "run-folder.md", "programs/tasks/SAMPLE.md": "sample.md", "CHANGELOG.md": "changelog.md"}
"""Markdown that lives elsewhere in the project -> its page."""

SUFFIXES = (".md", ".svg", ".png", ".css", ".js", ".toml", ".yml")
LINK = re.compile(r"(\]\()([^)#:\s]+)")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', flags=re.DOTALL)
SHIM = "https://unpkg.com/iframe-worker/shim"
"""Lets the search work from the disk; the builder loads it from a network, this build brings it along."""

LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")


def build(folder: Path) -> None:
    """Writes the site into `folder`, which is replaced. Raises `CalledProcessError` when the builder warns."""
    with TemporaryDirectory() as place:
        stage = Path(place)
        gather(stage / "docs")
        write_reference(stage / "docs" / "reference")
        (stage / "zensical.toml").write_text(configuration(stage / "docs"), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=stage, env=environment, check=True
        )
        for page in (stage / "site").rglob("*.html"):
            page.write_text(finished(page, stage / "site"), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(stage / "site", folder)


def gather(folder: Path) -> None:
    """Copies the pages and what they show, with links that lead to where their targets now are."""
    kept = [
        path
        for path in DOCS.rglob("*")
        if path.suffix in SUFFIXES and "cells" not in path.parts and path.name != "zensical.toml"
    ]
    targets = {path: path.relative_to(DOCS) for path in kept} | {
        ROOT / path: Path(page) for path, page in PAGES.items()
    }
    for path, target in targets.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            (folder / target).write_text(relinked(path, targets), encoding="utf-8")
        else:
            shutil.copy(path, folder / target)


def configuration(pages: Path) -> str:
    """`zensical.toml` with the pages of each `@folder` in its navigation."""

    def listed(found: re.Match[str]) -> str:
        paths = sorted((pages / found[1]).glob("*.md"), key=lambda path: path.stem)
        return ", ".join(f'{{ "{title(path)}" = "{path.relative_to(pages)}" }}' for path in paths)

    return re.sub(r'"@([\w/]+)"', listed, (DOCS / "zensical.toml").read_text("utf-8"))


def title(page: Path) -> str:
    return page.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def relinked(path: Path, targets: dict[Path, Path]) -> str:
    """The page's text with links to other pages as they are from its own new place."""

    def turned(found: re.Match[str]) -> str:
        linked = targets.get((path.parent / found[2]).resolve())
        return found[0] if linked is None else found[1] + os.path.relpath(linked, targets[path].parent)

    return LINK.sub(turned, path.read_text(encoding="utf-8"))


def finished(page: Path, site: Path) -> str:
    """A built page with its formulas as MathML, and nothing left that a browser would fetch from a network."""
    shim = os.path.relpath(site / "theme" / "iframe-worker.js", page.parent)
    return FORMULA.sub(_mathml, page.read_text("utf-8")).replace(SHIM, shim)


def _mathml(found: re.Match[str]) -> str:
    return convert(html.unescape(found[2]), display="block" if found[1] == "div" else "inline")


def loaded(site: Path) -> Iterator[str]:
    """What the pages would load from a network: nothing, when all is well."""
    for page in site.rglob("*.html"):
        yield from (f"{page.relative_to(site)}: {found}" for found in LOADED.findall(page.read_text("utf-8")))


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site")
