"""Which runtime judges most rows a minute with the embedded model: slots, threads, and how fixed text gets written.

    python tests/benchmarks/embedded_runtime.py brighter_eng.jsonl [rows, default 24]

Each setting is measured in a process of its own, since a loaded model keeps its threads spinning; all judge the same
training rows, as many at once as there are slots.
"""

import json
import subprocess
import sys
import time
from unittest import mock

import dspy
import numpy as np

from programs.backends import local
from programs.backends.local import LocalEngine, Runtime
from programs.optimizer.fan_out import fan_out
from programs.optimizer.judge import Judge
from programs.tasks.loading import load_rows
from programs.tasks.task import load_task
from tests.measured import Figure, keep

SETTINGS = (
    {"slots": 1, "threads": 0, "forced": True},
    {"slots": 1, "threads": 0, "forced": False},
    {"slots": 1, "threads": 1, "forced": True},
    {"slots": 2, "threads": 0, "forced": True},
    {"slots": 4, "threads": 0, "forced": True},
    {"slots": 4, "threads": 0, "forced": False},
)
COMMAND = "python tests/benchmarks/embedded_runtime.py brighter_eng.jsonl"


def measure(path: str, count: int, slots: int, threads: int, forced: bool) -> float:
    """Rows a minute, the first row (which loads the model and the prefix) not counted."""
    task = load_task("brighter")
    trained = [row for row in load_rows(task, path) if row["split"] == "train"]
    rows = [trained[place] for place in np.random.default_rng(0).permutation(len(trained))[: count + slots]]
    judge = Judge(task)
    engine = LocalEngine(runtime=Runtime(slots=slots, threads=threads))
    never = mock.patch.object(local, "blanks_of", lambda request: ())
    with dspy.context(lm=dspy.LM("local/m", engine=engine, cache=False, temperature=0.0)):
        if not forced:
            never.start()
        fan_out(lambda row: judge.answer(0, row), rows[:slots], slots)
        begun = time.perf_counter()
        fan_out(lambda row: judge.answer(0, row), rows[slots:], slots)
        return 60 * count / (time.perf_counter() - begun)


def in_a_process(path: str, count: int, setting: dict[str, int | bool]) -> float:
    command = [sys.executable, __file__, path, str(count), json.dumps(setting)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def words(setting: dict[str, int | bool]) -> str:
    threads = f"{setting['threads'] or 'all'} thread{'' if setting['threads'] == 1 else 's'}"
    slots = f"{setting['slots']} slot{'' if setting['slots'] == 1 else 's'}"
    return f"{slots}, {threads}, {'fixed text given' if setting['forced'] else 'all tokens generated'}"


def main(path: str, count: int = 24) -> int:
    found = {words(setting): in_a_process(path, count, setting) for setting in SETTINGS}
    own, best = next(iter(found)), max(found, key=lambda name: found[name])
    shown = "; ".join(f"{name}: {rate:.0f}" for name, rate in found.items())
    within = found[own] >= 0.95 * found[best]
    figure = Figure(f"embedded model, BRIGHTER rows a minute by runtime ({own} is the default)", shown, "best", within)
    return keep("embedded-runtime", "speed", 5, COMMAND, [figure])


if __name__ == "__main__":
    if len(sys.argv) > 3:
        print(measure(sys.argv[1], int(sys.argv[2]), **json.loads(sys.argv[3])))
    else:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:3])))
