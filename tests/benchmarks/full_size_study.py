"""The paper's study at its full size against a stub server: every cell to the end, every request in the estimate.

    python tests/benchmarks/full_size_study.py DATA_FOLDER RUNS_FOLDER [more flags of study.py, such as --seeds 0]

DATA_FOLDER holds summeval.jsonl and brighter_eng.jsonl. Five modes, gates none and mae, seeds 0, 1, 2, both tasks, the
paper's sizes, `--reuse off`: 60 cells. Exits with 1 where the server saw another number of requests of any role than
the estimate says, or a cell or table is missing. Started again it continues (the counts are then of the rest only).
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks.counting_server import counting_server

STUDY = """
modes = ["Single", "SSS", "SSC", "SCC", "CCC"]
gates = ["none", "mae"]
seeds = [0, 1, 2]
tasks = ["summeval", "brighter"]
data = ["{data}/summeval.jsonl", "{data}/brighter_eng.jsonl"]
preset = "paper"
reuse = "off"
lm = "stub"
run = "full-size"
"""

COMMAND = Path(__file__).parents[2] / "programs" / "study.py"


def main(data: str, runs: str, *flags: str) -> int:
    folder = Path(runs)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "full-size.toml"
    file.write_text(STUDY.format(data=Path(data).resolve()), encoding="utf-8")
    begun = time.monotonic()
    with counting_server() as server:
        command = [
            sys.executable,
            str(COMMAND),
            str(file),
            "--runs-dir",
            runs,
            "--yes",
            "--api-base",
            server.url,
            *flags,
        ]
        environment = {**os.environ, "DSPY_CACHEDIR": str(folder / "cache"), "OPENAI_API_KEY": "none"}
        code = subprocess.run(command, env=environment).returncode
    seconds = time.monotonic() - begun
    return report(folder / "full-size", server.counts, seconds, code)


def report(study: Path, served: Counter[str], seconds: float, code: int) -> int:
    """Prints planned, counted and served requests by role, and says whether all is as it should be."""
    summaries = summaries_of(study)
    planned, whole = finished(study)
    sent = Counter[str]()
    for summary in summaries:
        sent.update({role: tally["calls"] for role, tally in summary["calls"].items()})
    print(f"{len(summaries)} cells, {sum(served.values()):,} requests in {seconds:,.0f} s, exit code {code}")
    for role in planned:
        print(f"{role:9} planned {planned[role]:>9,}  counted {sent[role]:>9,}  served {served[role]:>9,}")
    right = whole and code == 0 and all(planned[role] == sent[role] == served[role] for role in planned)
    print("as estimated" if right else "NOT as estimated")
    return 0 if right else 1


def finished(study: Path) -> tuple[Counter[str], bool]:
    """The requests that a study's cells have planned, by role, and whether every cell and table is there."""
    summaries, planned = summaries_of(study), Counter[str]()
    for summary in summaries:
        planned.update(summary["estimate"])
    return planned, len(summaries) == len(list((study / "cells").iterdir())) and (study / "tables.md").is_file()


def summaries_of(study: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in study.glob("cells/*/summary.json")]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
