"""The parts that show a study, an ablation and what its sealed rows said, from their kept results."""

from pathlib import Path

from docs.parts import ROOT
from programs.confirming.opening import last_opening, times_opened
from programs.confirming.show import headline as answer
from programs.confirming.show import tables as confirmed
from programs.studies import table_ablation, table_dilution, table_interference, table_one
from programs.studies.findings import findings
from programs.studies.markdown import as_markdown
from programs.studies.resampled import SHOWN
from programs.studies.write import study_in, tasks_in


def study(folder: Path) -> str:
    """The findings and main tables of a study, with the commands that made them."""
    (task,) = tasks_in(folder)
    kept = folder.resolve().relative_to(ROOT)
    name = kept.relative_to("docs")
    tables = [table_one.by_configuration(task.compared, task.baselines, metric) for metric in SHOWN]
    if task.dilution:
        tables += [table_dilution.calibration(task.dilution[0]), table_dilution.content(task.dilution[0])]
    tables += [table_interference.arms(record) for record in task.interference]
    return (
        f"The commands stand in [{kept}.toml]({name}.toml); this part is written from their numbers by "
        f"`python -m docs.refresh study {kept}`, and all tables are in [{kept}/tables.md]({name}/tables.md) "
        f"(`python programs/report.py {kept}` makes its page).\n\n"
        + "".join(f"- {found}\n" for found in findings(task))
        + "".join(f"\n{as_markdown(table)}\n" for table in tables)
    )


def headline(folder: Path) -> str:
    """The first finding and the main table of a study."""
    (task,) = tasks_in(folder)
    table = as_markdown(table_one.by_configuration(task.compared, task.baselines, SHOWN[0]))
    found = "".join(f"- {each}\n" for each in findings(task)[:2])
    return f"Written by `python -m docs.refresh headline {folder.resolve().relative_to(ROOT)}`:\n\n{found}\n{table}\n"


def ablation(folder: Path) -> str:
    """The yardstick tables of an ablation, for the README."""
    return _yardstick(folder, "ablation", ROOT)


def remedies(folder: Path) -> str:
    """The same of one step of each remedy, for a page of docs/."""
    return _yardstick(folder, "remedies", ROOT / "docs")


def _yardstick(folder: Path, part: str, page: Path) -> str:
    """What each arm is worth and costs, with the commands, and how far the study has come; links are from `page`."""
    (task,) = tasks_in(folder)
    kept, planned = folder.resolve().relative_to(ROOT), len(study_in(folder).cells())
    done = sum(len(arm.configuration.results) for arm in task.ablation.arms)
    tables = [table_ablation.agreement_table(task.ablation), table_ablation.costs_table(task.ablation)]
    return (
        f"{done} of {planned} cells. The commands stand in [{kept}.toml]({folder.resolve().relative_to(page)}.toml); "
        f"written by `python -m docs.refresh {part} {kept}`.\n\n"
        + "\n".join(as_markdown(table) + "\n" for table in tables)
    )


def confirmation(folder: Path) -> str:
    """The answer of the sealed rows and its tables, from what confirm.py wrote and report.py --results keeps."""
    opening, kept = last_opening(folder), folder.resolve().relative_to(ROOT)
    times = times_opened(folder, opening["task"], opening["data"])
    asked = f"--primary {opening['primary']} --against {','.join(opening['against'])} --rows {opening['rows']}"
    return (
        f"`python programs/confirm.py {folder.name} {asked}`, written by `python -m docs.refresh confirmation {kept}`. "
        f"{answer(opening, times)}\n\n" + "\n".join(as_markdown(table) + "\n" for table in confirmed(opening))
    )
