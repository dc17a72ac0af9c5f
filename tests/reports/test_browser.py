"""The report in a real browser: no console message, every figure drawn, nothing from data runs, nothing overflows."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from programs.records.folder import RunFolder

CHROMIUM = shutil.which("chromium")
FIGURES = {"agreement", "validation", "test", "lengths", "shares"}


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_report_in_chromium(browser: Any, run_folder: RunFolder, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url) if request.url.startswith("http") else None)
    page.goto(run_folder.report.absolute().as_uri())
    page.wait_for_function(f"document.querySelectorAll('.plot .main-svg .xaxislayer-above').length >= {len(FIGURES)}")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    drawn = page.evaluate(
        "[...document.querySelectorAll('.plot')].filter(e => e.querySelector('.main-svg')).map(e => e.id)"
    )
    assert set(drawn) == {f"figure-{name}" for name in FIGURES}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("[...document.querySelectorAll('table')].every(each => each.caption?.textContent)")
    assert "</script><script>" in page.inner_text("body")
    assert told == []
