"""What `confirm.py` prints, and the same as confirmation.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics.over_runs import mean_or_none
from programs.records.folder import write_text
from programs.report_tables import cell_text, short
from programs.reports.table import Table
from programs.screen import Screen
from programs.studies.markdown import NONE, as_markdown

PAGE = "confirmation.md"
READING = """\
Differences are of Spearman, the mean over the criteria, paired by row within each seed and averaged over the seeds.
"Rows" is the 95 % interval for other rows with these judges: verdicts go by it. "Rows and seeds" also counts how seeds
differ, and is wide with two or three of them. A loss of the margin is excluded first (one-sided, 2.5 %), then a
difference is asked for (two-sided, 5 %); the primary contrast stands by itself, Holm's correction is over the others.
Detectable is half of the rows' interval: a smaller observed difference could not have been told from zero.
Differences in absolute error are paired likewise (lower is better); no verdict goes by them. Evaluated tokens are
those of the prompt that the server did not find in its cache; seconds are by the clock, --threads calls at once."""


def show(opening: Mapping[str, Any], times: int, screen: Screen) -> None:
    """The answer first, then the tables that it is read from."""
    screen.result(headline(opening, times))
    for table in tables(opening):
        screen.table(f"\n{table.caption}", table.header, table.rows)
    screen.result(f"\n{READING}")


def write_page(study: Path, opening: Mapping[str, Any], times: int) -> Path:
    """Writes confirmation.md and returns its path."""
    parts = [f"# Confirmation\n\n{headline(opening, times)}", *map(as_markdown, tables(opening)), READING]
    write_text(study / PAGE, "\n\n".join(parts) + "\n")
    return study / PAGE


def headline(opening: Mapping[str, Any], times: int) -> str:
    """The primary contrast in a sentence, and how often these rows have been looked at."""
    first, rows = opening["results"]["contrasts"][0], opening["results"]["rows"]
    said = f"{first['arm']} against {first['rival']}: {first['words']} ({cell_text(first['cells']['mean'])})"
    often = "once" if times == 1 else f"{times} times, so that this is no longer a first look"
    chosen = opening["chosen"]
    found = "" if chosen is None else f" The rival was the strongest on development rows: {_values(chosen)}."
    where = f"on {rows} sealed rows of {opening['task']}, opened {often} ({opening['when']})"
    return f"{said}, {where}.{found} Here {opening['results']['reference']['words']}."


def tables(opening: Mapping[str, Any]) -> list[Table]:
    """Arms, contrasts, the primary contrast by criterion, and calls."""
    results = opening["results"]
    first = results["contrasts"][0]
    names = [name for name in first["cells"] if name != "mean"]
    return [
        Table.of(
            "Agreement on the sealed rows, means over the seeds (Spearman)",
            ("arm", "seeds", "mean", "spread over seeds", *names, "mean absolute error", "coverage"),
            [_arm(name, each, names) for name, each in results["arms"].items()],
        ),
        Table.of(
            "Contrasts, the primary one first",
            (
                "contrast",
                "difference, rows",
                "rows and seeds",
                "spread over seeds",
                "detectable",
                "p",
                "verdict",
                "mean absolute error",
            ),
            [_contrast(each) for each in results["contrasts"]],
        ),
        Table.of(
            "The primary contrast by criterion, Holm's correction over them",
            ("criterion", "difference", "detectable", "p", "verdict"),
            [[name, *_cell(first["cells"][name]), first["cells"][name]["verdict"]] for name in names],
        ),
        Table.of(
            "What the judges took a row, whoever paid",
            ("arm", "calls", "prompt tokens", "evaluated tokens", "of joint prompt", "reply tokens", "seconds"),
            [_took(name, results) for name in results["judges"]],
        ),
    ]


def _arm(name: str, found: Mapping[str, Any], criteria: Sequence[str]) -> list[str]:
    cells = found["cells"]["spearman"]
    return [
        name,
        ", ".join(NONE if value is None else short(value) for value in found["by_seed"]),
        cell_text(cells["mean"]),
        _number(found["spread"]),
        *(cell_text(cells[each]) for each in criteria),
        cell_text(found["cells"]["mae"]["mean"]),
        f"{sum(found['scored']):,}/{sum(found['scores']):,}",
    ]


def _contrast(found: Mapping[str, Any]) -> list[str]:
    mean, seeds = found["cells"]["mean"], found["seeds"]
    both = NONE if seeds["low"] is None else f"[{short(seeds['low'])}, {short(seeds['high'])}]"
    difference, detectable, p = _cell(mean)
    name = f"{found['arm']} minus {found['rival']}"
    error = cell_text(found["error"])
    return [name, difference, both, _number(seeds["spread"]), detectable, p, found["words"], error]


def _cell(found: Mapping[str, Any]) -> list[str]:
    return [cell_text(found), _number(found["detectable"]), _number(found["p_holm"])]


def _took(name: str, results: Mapping[str, Any]) -> list[str]:
    calls, prompt, reply = (_a_row(name, results, key) for key in ("calls", "prompt_tokens", "completion_tokens"))
    evaluated, joint = (_evaluated(arm, results) for arm in (name, results["reference"]["arm"]))
    ratio = f"{evaluated / joint:.2f}" if joint else NONE
    seconds = mean_or_none(results["seconds"][name])
    return [
        name,
        *(f"{value:.1f}" for value in (calls, prompt, evaluated)),
        ratio,
        f"{reply:.1f}",
        NONE if seconds is None else f"{seconds:.2f}",
    ]


def _evaluated(name: str, results: Mapping[str, Any]) -> float:
    return _a_row(name, results, "prompt_tokens") - _a_row(name, results, "cached_prompt_tokens")


def _a_row(name: str, results: Mapping[str, Any], key: str) -> float:
    """The mean over the arm's judges."""
    judges = results["judges"][name]
    return float(sum(each[key] for each in judges)) / len(judges) / int(results["rows"])


def _values(chosen: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {'undefined' if value is None else short(value)}" for name, value in chosen.items())


def _number(value: float | None) -> str:
    return NONE if value is None else short(value)
