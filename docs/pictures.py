"""Takes the documentation's pictures: what a browser shows of a finished run's and a study's report.html.

python -m docs.pictures RUN_FOLDER STUDY_FOLDER     needs Playwright and an installed Chromium

The pages are made again first, without an LM call. For the study: `docs/studies/brighter`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from programs.studies.report import report_from_flags

FOLDER = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 1100, 860


def take(folder: Path, picture: Path) -> None:
    """The top of the page of the run or study in `folder`, as PNG."""
    report_from_flags({"run": str(folder)})
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto((folder / "report.html").resolve().as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    for place, name in zip(sys.argv[1:3], ("run", "study"), strict=True):
        take(Path(place), FOLDER / f"{name}.png")
