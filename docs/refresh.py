"""Writes a generated part of the README or of a page of docs/ from a finished run.

python docs/refresh.py default-run RUN_FOLDER      what a run shows, and its picture
python docs/refresh.py initial-judge RUN_FOLDER    the initial judge's agreement on `sample`, from a run of 0 steps
python docs/refresh.py readout RUN_FOLDER          digits against expectations, from a run of 0 steps
python docs/refresh.py study RESULTS_FOLDER        what a study found, from what report.py --results keeps
python docs/refresh.py headline RESULTS_FOLDER     the same in a few lines
python docs/refresh.py ablation RESULTS_FOLDER     what each arm of a study is worth and costs, as far as it has come
python docs/refresh.py speed docs/measured         what the benchmarks measured, beside their targets
python docs/refresh.py reliability docs/measured   the same of the harnesses of tests/reliability
python docs/refresh.py cost docs/measured          the formulas of a run's calls beside counted ones
python docs/refresh.py peers docs/measured         what the optimizers spend their calls on
"""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from programs.report_tables import cell_text, show_calls, show_summary
from programs.screen import Screen
from programs.studies import table_ablation, table_dilution, table_interference, table_one
from programs.studies.findings import findings
from programs.studies.markdown import as_markdown
from programs.studies.write import study_in, tasks_in

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "default-run.svg"


def show(folder: Path, screen: Screen) -> None:
    """The end of a run, as `optimize.py` prints it."""
    summary = read(folder / "summary.json")
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
    settings = read(folder / "config.json")["settings"]
    seconds = read(folder / "timing.json")["seconds"]
    PICTURE.write_text(as_picture(folder), encoding="utf-8")
    return (
        f"`python programs/optimize.py --mode {settings['mode']}` with the embedded model on `sample`, "
        f"{seconds / 60:.1f} minutes on 2 cores (written by `python docs/refresh.py default-run RUN_FOLDER`):\n\n"
        f"```\n{as_text(folder)}\n```\n\n![the same on a terminal](default-run.svg)\n"
    )


def initial_judge(folder: Path) -> str:
    """Pooled Spearman of the initial judge, one line a criterion."""
    summary = read(folder / "summary.json")
    cells, coverage = summary["before"]["pooled"]["spearman"], summary["before"]["coverage"]
    lines = ["| criterion | Spearman, pooled, with its 95 % interval | rows | coverage |", "|---|---|---|---|"]
    for name, cell in cells.items():
        covered = f"{coverage[name]['scored']}/{coverage[name]['rows']}" if name in coverage else ""
        lines.append(f"| {name} | {cell_text(cell)} | {cell['n']} | {covered} |")
    return f"{unoptimized(folder, 'initial-judge')}:\n\n" + "\n".join(lines) + "\n"


def readout(folder: Path) -> str:
    """Pooled Spearman of the same replies by both readouts, one line a criterion."""
    summary = read(folder / "summary.json")
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
    settings = read(folder / "config.json")["settings"]
    sizes = " ".join(f"--{name}-size {settings[f'{name}_size']}" for name in ("train", "val", "test"))
    task = "" if settings["task"] is None else f" --task {settings['task']} --data FILE"
    own = "" if settings["readout"] == "digits" else f" --readout {settings['readout']}"
    command = f"python programs/optimize.py{task} --steps 0 {sizes} --batch-size {settings['batch_size']}{own}"
    return f"`{command}`, then `python docs/refresh.py {part} RUN_FOLDER`"


def study(folder: Path) -> str:
    """The findings and main tables of a study, with the commands that made them."""
    (task,) = tasks_in(folder)
    kept = folder.resolve().relative_to(ROOT)
    name = kept.relative_to("docs")
    tables = [table_one.by_configuration(task.compared, task.baselines, metric) for metric in table_one.SHOWN]
    if task.dilution:
        tables += [table_dilution.calibration(task.dilution[0]), table_dilution.content(task.dilution[0])]
    tables += [table_interference.arms(record) for record in task.interference]
    return (
        f"The commands stand in [{kept}.toml]({name}.toml); this part is written from their numbers by "
        f"`python docs/refresh.py study {kept}`, and all tables are in [{kept}/tables.md]({name}/tables.md) "
        f"(`python programs/report.py {kept}` makes its page).\n\n"
        + "".join(f"- {found}\n" for found in findings(task))
        + "".join(f"\n{as_markdown(table)}\n" for table in tables)
    )


def headline(folder: Path) -> str:
    """The first finding and the main table of a study."""
    (task,) = tasks_in(folder)
    table = as_markdown(table_one.by_configuration(task.compared, task.baselines, table_one.SHOWN[0]))
    found = "".join(f"- {each}\n" for each in findings(task)[:2])
    return f"Written by `python docs/refresh.py headline {folder.resolve().relative_to(ROOT)}`:\n\n{found}\n{table}\n"


def ablation(folder: Path) -> str:
    """The yardstick tables of an ablation, with its commands and how far it has come."""
    (task,) = tasks_in(folder)
    kept, planned = folder.resolve().relative_to(ROOT), len(study_in(folder).cells())
    done = sum(len(arm.configuration.results) for arm in task.ablation.arms)
    tables = [table_ablation.agreement_table(task.ablation), table_ablation.costs_table(task.ablation)]
    return (
        f"{done} of {planned} cells. The commands stand in [{kept}.toml]({kept}.toml); written by "
        f"`python docs/refresh.py ablation {kept}`.\n\n" + "\n".join(as_markdown(table) + "\n" for table in tables)
    )


def speed(folder: Path) -> str:
    """The kept figures of the benchmarks."""
    return measured(folder, "speed")


def reliability(folder: Path) -> str:
    """The kept figures of the harnesses that test what must not fail."""
    return measured(folder, "reliability")


def measured(folder: Path, group: str) -> str:
    """The kept figures of a group with their commands, in the order of its points."""
    kept = [record for path in sorted(folder.glob("*.json")) if (record := read(path))["group"] == group]
    kept.sort(key=lambda record: record["point"])
    when = " to ".join(sorted({record["date"] for record in kept})[:: max(1, len({r["date"] for r in kept}) - 1)])
    lines = ["| what | measured | target | holds | command |", "|---|---|---|---|---|"]
    for record in kept:
        for place, figure in enumerate(record["figures"]):
            command = f"`{record['command']}`" if place == 0 else ""
            holds = "yes" if figure["holds"] else "**no**"
            lines.append(f"| {figure['what']} | {figure['value']} | {figure['target']} | {holds} | {command} |")
    machines = "; ".join(sorted({record["machine"] for record in kept}))
    return f"Measured on {when} ({machines}), written by `python docs/refresh.py {group} docs/measured`:\n\n" + (
        "\n".join(lines) + "\n"
    )


def cost(folder: Path) -> str:
    """Counted calls and those of the formulas, one line a run."""
    kept = read(folder / "cost-formulas.json")
    header = ["run", "judge", "loss", "gradient", "rewrite"]
    base = "SSC, 4 criteria, 3 steps of 3 rows, 12 validation rows (half in reserve), 8 test rows; peers: 6 steps"
    return f"{base}, and what the first column says. {source(kept, 'cost')}:\n\n{lines_of(header, kept['table'])}"


def peers(folder: Path) -> str:
    """One line an optimizer."""
    kept = read(folder / "peers.json")
    table = kept["table"]
    goals = [f"calls to reach {goal:.2f}" for goal in table["goals"]]
    header = ["optimizer", "LM calls", *goals, "best", "judgements among the calls", "judgements/s",
              "identical requests sent", "judgements asked for again"]  # fmt: skip
    parts = ["best", "evaluation", "rate", "repeated", "known"]
    rows = [
        [each["optimizer"], each["sent"], *each["reached"], *(each[part] for part in parts)] for each in table["rows"]
    ]
    return (
        "A made-up world (`tests/benchmarks/hidden_words.py`) in which whoever reads rated cases can find what a "
        "rubric lacks: it shows what an optimizer spends its calls on, not how well real LMs write. "
        f"Means over {table['seeds']} seeds from an initial mean Spearman of {table['start']:.2f} on the validation "
        f"rows. {source(kept, 'peers')}:\n\n{lines_of(header, rows)}"
    )


def source(kept: dict[str, Any], part: str) -> str:
    return f"Measured by `{kept['command']}`, written by `python docs/refresh.py {part} docs/measured`"


def lines_of(header: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ["---"] * len(header), *rows))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


PARTS = {
    "default-run": default_run, "initial-judge": initial_judge, "readout": readout, "study": study,
    "headline": headline, "ablation": ablation, "speed": speed, "reliability": reliability, "cost": cost,
    "peers": peers,
}  # fmt: skip
PAGES = dict.fromkeys(("headline", "ablation", "reliability", "peers"), ROOT / "README.md")
PAGES |= dict.fromkeys(("speed", "cost"), ROOT / "docs" / "cost.md")
"""Where a part stands; the others are in docs/results.md."""


def main(part: str, folder: Path) -> None:
    marks = re.compile(rf"(<!-- generated: {part} -->\n).*?(<!-- end of generated -->)", flags=re.DOTALL)
    text, page = PARTS[part](folder), PAGES.get(part, ROOT / "docs" / "results.md")
    page.write_text(marks.sub(lambda found: found[1] + text + found[2], page.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
