"""The site is built as people build it: strictly, from all commands and modules, and asking nothing of a network."""

import re
import shutil
from pathlib import Path

import pytest

from docs.reference import PACKAGES, dotted, parsers
from tests.docs.pages import ROOT

for package in ("zensical", "mkdocstrings", "latex2mathml"):
    pytest.importorskip(package, reason='the documentation needs pip install -e ".[docs]"')

building = pytest.importorskip("docs.build")
pytestmark = pytest.mark.tools
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Building it fails on every warning."""
    site = tmp_path_factory.mktemp("site") / "site"
    building.build(site)
    return site


def text(site: Path, page: str) -> str:
    return (site / page).read_text(encoding="utf-8")


def test_it_loads_nothing_from_a_network(site: Path) -> None:
    assert not list(building.loaded(site))


def test_what_would_be_loaded_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<a href="https://a.b/"></a><script async src="https://a.b/c.js"></script>')
    assert list(building.loaded(tmp_path)) == ["page.html: https://a.b/c.js"]


def test_every_flag_of_every_command_has_its_line(site: Path) -> None:
    for parser in parsers():
        page = text(site, f"reference/commands/{Path(parser.prog).stem}.html")
        for action in parser._actions:
            if action.dest != "help":
                assert f"<code>{(action.option_strings or [action.metavar])[0]}" in page


def test_every_module_is_in_the_reference(site: Path) -> None:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.stem != "__init__"):
        assert f'id="{dotted(path.with_suffix(""))}"' in text(site, f"reference/api/{dotted(path.parent)}.html")


def test_a_functions_signature_and_docstring_are_shown(site: Path) -> None:
    page = text(site, "reference/api/metrics.html")
    assert 'id="metrics.summary.summarize"' in page
    assert "seed" in page
    assert "Distinct from <code>difference</code>, which compares two judges." in page


def test_formulas_are_mathml(site: Path) -> None:
    page = text(site, "method.html")
    assert page.count("<math") > 50
    assert 'class="arithmatex"' not in page
    assert not re.search(r"<mi>\\|<mtext>\\", page), "a formula holds what the converter does not know"


def test_every_page_is_in_the_navigation(site: Path) -> None:
    home = text(site, "index.html")
    for page in (ROOT / "docs").rglob("*.md"):
        assert f'href="./{page.relative_to(ROOT / "docs").with_suffix(".html")}"' in home or page.stem == "index"


def test_every_page_in_chromium(site: Path) -> None:
    """Those written by hand and one of each kind of the others: no console message, no picture missing, nothing wider
    than the window, nothing asked of anybody."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, said, asked = browser.new_page(viewport={"width": 1280, "height": 900}), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        written = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
        for path in (*written, "reference/commands/optimize.html", "reference/api/metrics.html"):
            page.goto((site / path).as_uri())
            assert not page.evaluate("[...document.images].filter(each => !each.naturalWidth).length"), path
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 1280, f"{path} is {width} wide"
        browser.close()
    assert not said
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
