"""The parts that show what benchmarks and harnesses have measured, from the files in docs/measured."""

from pathlib import Path
from typing import Any

from programs.records.folder import read_json


def speed(folder: Path) -> str:
    """The kept figures of the benchmarks."""
    return measured(folder, "speed")


def reliability(folder: Path) -> str:
    """The kept figures of the harnesses that test what must not fail."""
    return measured(folder, "reliability")


def measured(folder: Path, group: str) -> str:
    """The kept figures of a group with their commands, in the order of its points."""
    kept = [record for path in sorted(folder.glob("*.json")) if (record := read_json(path))["group"] == group]
    kept.sort(key=lambda record: record["point"])
    when = " to ".join(sorted({record["date"] for record in kept})[:: max(1, len({r["date"] for r in kept}) - 1)])
    lines = ["| what | measured | target | holds | command |", "|---|---|---|---|---|"]
    for record in kept:
        for place, figure in enumerate(record["figures"]):
            command = f"`{record['command']}`" if place == 0 else ""
            holds = "yes" if figure["holds"] else "**no**"
            lines.append(f"| {figure['what']} | {figure['value']} | {figure['target']} | {holds} | {command} |")
    machines = "; ".join(sorted({record["machine"] for record in kept}))
    return f"Measured on {when} ({machines}), written by `python -m docs.refresh {group} docs/measured`:\n\n" + (
        "\n".join(lines) + "\n"
    )


def cost(folder: Path) -> str:
    """Counted calls and those of the formulas, one line a run."""
    kept = read_json(folder / "cost-formulas.json")
    header = ["run", "judge", "loss", "gradient", "rewrite"]
    base = "SSC, 4 criteria, 3 steps of 3 rows, 12 validation rows (half in reserve), 8 test rows; peers: 6 steps"
    return f"{base}, and what the first column says. {source(kept, 'cost')}:\n\n{lines_of(header, kept['table'])}"


def peers(folder: Path) -> str:
    """One line an optimizer."""
    kept = read_json(folder / "peers.json")
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
    return f"Measured by `{kept['command']}`, written by `python -m docs.refresh {part} docs/measured`"


def lines_of(header: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ["---"] * len(header), *rows))
