"""Takes docs/mlflow.png: the charts of a tracked run in MLflow's pages, in the Chromium that is installed.

`python docs/mlflow_picture.py URL`, with the URL that a run prints after `tracking:` while its server is up.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHARTS = "test/pooled/spearman"
WIDTH, HEIGHT, ASSISTANT = 1160, 640, 306
"""Pixels of the window, and of the panel at its right that is no part of the picture."""

PATIENCE = 120_000
"""Milliseconds."""


def take(url: str, path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/model-metrics")
        page.get_by_placeholder("Search metric charts").fill(CHARTS)
        page.wait_for_function("document.querySelectorAll('.scatterlayer .points path').length > 30")
        page.screenshot(path=path, clip={"x": 0, "y": 0, "width": WIDTH - ASSISTANT, "height": HEIGHT})
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1], Path(__file__).with_name("mlflow.png"))
