"""Writes the README's generated part and its picture from a finished run: python docs/refresh.py RUN_FOLDER."""

import io
import json
import re
import sys
from pathlib import Path

from rich.console import Console

from programs.report_tables import show_calls, show_summary
from programs.screen import Screen

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "default-run.svg"
MARKS = re.compile(r"(<!-- generated: default run -->\n).*?(<!-- end of generated -->)", flags=re.DOTALL)


def show(folder: Path, screen: Screen) -> None:
    """The end of a run, as `optimize.py` prints it."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    show_summary(summary, screen)
    show_calls(summary["calls"], screen)


def as_text(folder: Path) -> str:
    """What a log file would hold."""
    screen = Screen(quiet=True)
    screen.out = Console(file=io.StringIO(), width=110, markup=False, highlight=False)
    show(folder, screen)
    return "\n".join(line.rstrip() for line in screen.out.file.getvalue().splitlines()).strip("\n")


def as_picture(folder: Path) -> str:
    """What a terminal shows, as SVG."""
    screen = Screen(quiet=True)
    screen.out = Console(file=io.StringIO(), width=110, record=True, force_terminal=True, markup=False, highlight=False)
    show(folder, screen)
    return screen.out.export_svg(title="python programs/optimize.py --mode SSC")


def main(folder: Path) -> None:
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))["settings"]
    seconds = json.loads((folder / "timing.json").read_text(encoding="utf-8"))["seconds"]
    PICTURE.write_text(as_picture(folder), encoding="utf-8")
    text = (
        f"`python programs/optimize.py --mode {settings['mode']}` with the embedded model on `sample`, "
        f"{seconds / 60:.1f} minutes on 2 cores (written by `python docs/refresh.py RUN_FOLDER`):\n\n"
        f"```\n{as_text(folder)}\n```\n\n![the same on a terminal](docs/default-run.svg)\n"
    )
    readme = ROOT / "README.md"
    readme.write_text(MARKS.sub(lambda marks: marks[1] + text + marks[2], readme.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
