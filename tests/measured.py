"""What a benchmark or harness found, kept as a small file from which the README's tables are written."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

KEPT = Path(__file__).parents[1] / "docs" / "measured"
GROUPS = ("speed", "reliability")


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its target, in words that a reader understands, and whether it holds."""

    what: str
    value: str
    target: str
    holds: bool


def keep(name: str, group: str, point: int, command: str, figures: Sequence[Figure], folder: Path = KEPT) -> int:
    """Prints the figures and writes docs/measured/NAME.json. Returns the exit code: 1 where a target does not hold.

    `group` is one of GROUPS, and `point` the place in its table; `command` what a reader runs to measure again.
    """
    if group not in GROUPS:
        raise ValueError(f"group must be one of {', '.join(GROUPS)}, got {group!r}")
    for figure in figures:
        print(f"{figure.what}: {figure.value} (target {figure.target}){'' if figure.holds else ' DOES NOT HOLD'}")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    record = {"group": group, "point": point, "command": command, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    content = {**record, "machine": machine, "figures": [asdict(figure) for figure in figures]}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.holds for figure in figures) else 1
