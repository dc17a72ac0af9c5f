"""The pages in a real browser: no console message, every figure drawn, nothing from data runs, nothing overflows."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from programs.records.folder import RunFolder

pytestmark = pytest.mark.tools
CHROMIUM = shutil.which("chromium")
RUN = {"agreement", "validation", "test", "lengths", "shares"}
STUDY = {
    "agreement", "gates", "costs",
    *(f"{name}-{gate}" for name in ("trajectory-0", "trajectory-1", "trajectory-2", "against-initial", "gini",
                                    "hypervolume-spearman", "hypervolume-off_by_one") for gate in (0, 1)),
    *(f"shares-{configuration}" for configuration in range(4)),
}  # fmt: skip


@pytest.fixture
def browser() -> Iterator[Any]:
    """Debian's Chromium; no browser is downloaded."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_a_runs_page_in_chromium(browser: Any, run_folder: RunFolder) -> None:
    look_at(browser, run_folder.report, RUN)


def test_a_studys_page_in_chromium(browser: Any, study_folder: Path) -> None:
    look_at(browser, study_folder / "report.html", {f"custom-{name}" for name in STUDY})


def test_every_link_within_a_studys_page_leads_somewhere(study_folder: Path) -> None:
    page = (study_folder / "report.html").read_text()
    links = re.findall(r'href="#([^"]+)"', page)
    assert links
    assert all(f'id="{link}"' in page for link in links)


def look_at(browser: Any, path: Path, figures: set[str]) -> None:
    """The page wide and light, and narrow and dark."""
    for width, scheme in ((1280, "light"), (400, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        told = listen(page)
        page.goto(path.absolute().as_uri())
        count = "document.querySelectorAll('.plot .main-svg .xaxislayer-above').length"
        page.wait_for_function(f"{count} >= {len(figures)}")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert drawn(page) == {f"figure-{name}" for name in figures}
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("document.images.length") == 0
        assert page.evaluate("[...document.querySelectorAll('table')].every(each => each.caption?.textContent)")
        assert "</script><script>" in page.inner_text("body")
        assert told == []
        page.close()


def listen(page: Any) -> list[str]:
    """Everything that the page says on its console, every error and every request to a network."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url) if request.url.startswith("http") else None)
    return told


def drawn(page: Any) -> set[str]:
    """The figures that have at least one visible mark."""
    marks = ".scatterlayer .points path, .scatterlayer .js-line, .barlayer .point path"
    return set(
        page.evaluate(f"[...document.querySelectorAll('.plot')].filter(e => e.querySelector('{marks}')).map(e => e.id)")
    )
