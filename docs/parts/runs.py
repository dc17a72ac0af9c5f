"""The parts that show one run: what it prints at its end, and what its initial judge is worth."""

import io
from pathlib import Path

from rich.console import Console

from docs.parts import ROOT
from programs.records.folder import read_json
from programs.report_tables import cell_text, show_calls, show_summary
from programs.screen import Screen

PICTURE = ROOT / "docs" / "default-run.svg"


def show(folder: Path, screen: Screen) -> None:
    """The end of a run, as `optimize.py` prints it."""
    summary = read_json(folder / "summary.json")
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


def default_run(folder: Path) -> str:
    """The tables of a run with the command that made it; writes the picture too."""
    settings = read_json(folder / "config.json")["settings"]
    seconds = read_json(folder / "timing.json")["seconds"]
    PICTURE.write_text(as_picture(folder), encoding="utf-8")
    return (
        f"`python programs/optimize.py --mode {settings['mode']}` with the embedded model on `sample`, "
        f"{seconds / 60:.1f} minutes on 2 cores (written by `python -m docs.refresh default-run RUN_FOLDER`):\n\n"
        f"```\n{as_text(folder)}\n```\n\n![the same on a terminal](default-run.svg)\n"
    )


def initial_judge(folder: Path) -> str:
    """Pooled Spearman of the initial judge, one line a criterion."""
    summary = read_json(folder / "summary.json")
    cells, coverage = summary["before"]["pooled"]["spearman"], summary["before"]["coverage"]
    lines = ["| criterion | Spearman, pooled, with its 95 % interval | rows | coverage |", "|---|---|---|---|"]
    for name, cell in cells.items():
        covered = f"{coverage[name]['scored']}/{coverage[name]['rows']}" if name in coverage else ""
        lines.append(f"| {name} | {cell_text(cell)} | {cell['n']} | {covered} |")
    return f"{unoptimized(folder, 'initial-judge')}:\n\n" + "\n".join(lines) + "\n"


def readout(folder: Path) -> str:
    """Pooled Spearman of the same replies by both readouts, one line a criterion."""
    summary = read_json(folder / "summary.json")
    own, expected = summary["readout"]["after"], summary["after"]["pooled"]["spearman"]
    digits, beyond = (own[name]["pooled"]["spearman"] for name in ("digits", "beyond_digits"))
    lines = [
        "| criterion | digits | expectations | paired difference | rows | fell back |",
        "|---|---|---|---|---|---|",
    ]
    for name, cell in expected.items():
        values = " | ".join(cell_text(each) for each in (digits[name], cell, beyond[name]))
        lines.append(f"| {name} | {values} | {cell['n']} | {own['fallback'].get(name, '')} |")
    return f"{unoptimized(folder, 'readout')}:\n\n" + "\n".join(lines) + "\n"


def unoptimized(folder: Path, part: str) -> str:
    """The commands of a run without steps and of the part that it fills."""
    settings = read_json(folder / "config.json")["settings"]
    sizes = " ".join(f"--{name}-size {settings[f'{name}_size']}" for name in ("train", "val", "test"))
    task = "" if settings["task"] is None else f" --task {settings['task']} --data FILE"
    own = "" if settings["readout"] == "digits" else f" --readout {settings['readout']}"
    command = f"python programs/optimize.py{task} --steps 0 {sizes} --batch-size {settings['batch_size']}{own}"
    return f"`{command}`, then `python -m docs.refresh {part} RUN_FOLDER`"
