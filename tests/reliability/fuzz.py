"""Fuzzes loaders, reply parsers and readers of kept files for an hour: no crash, no wrong score.

    python -m tests.reliability.fuzz [MINUTES]          (60; 0: only counts and keeps what was done)

Turns of hypothesis and, where it is installed, of atheris (led by coverage) follow each other, one process at a time
and at low priority. What was done is added up in build/fuzz.json, so that it may be stopped and gone on with: `mended`
there is set by hand, with what was done about a failure, once it is in a test.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.measured import Figure, keep

STATE = Path(__file__).parents[2] / "build" / "fuzz.json"
TURN = 600.0
"""Seconds of a turn, beside the start of its process."""

HANGS = 120.0
"""Seconds of the processor, beside those of the turn, after which a process that does not end hangs."""


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else 60.0
    engines = ["hypothesis", *(["atheris"] if find_spec("atheris") else [])]
    left = minutes * 60
    while left > 1:
        state = read_state()
        number = state["turns"]
        seconds = min(TURN, left)
        done = turn(engines[number % len(engines)], seconds, number)
        write_state(added(read_state(), engines[number % len(engines)], number, done))
        print(f"turn {number}: {done['wall']:.0f} s, {examples(done)} examples, {failures(done)} failures", flush=True)
        left -= max(done["wall"], 1)
    return kept(read_state())


def turn(engine: str, seconds: float, number: int) -> dict[str, Any]:
    """What one process did in so many seconds. One that hangs is ended, and that is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turn.json"
        words = [
            sys.executable,
            "-m",
            "tests.reliability.fuzzing.turn",
            engine,
            str(seconds),
            str(number * 10**6),
            str(path),
        ]
        environment = {**os.environ, "TMPDIR": folder, "OMP_NUM_THREADS": "1"}
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and time.monotonic() - begun < seconds + 300:
            time.sleep(0.5)
        ended = process.poll()
        if ended is None:
            process.kill()
            process.wait()
        worked = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        done: dict[str, Any] = (
            json.loads(path.read_text()) if path.exists() else {"wall": 0.0, "worked": 0.0, "targets": {}}
        )
    hangs = ended is None and worked - done["worked"] > HANGS  # else it only had to wait for a processor
    if hangs or ended not in (None, 0):
        failure = {"seed": number, "input": "", "trace": [f"the process ended with {ended}"]}
        done["targets"]["process"] = {"examples": 0, "seconds": 0, "failure": failure}
    return done


def read_state() -> dict[str, Any]:
    new: dict[str, Any] = {"turns": 0, "seconds": {}, "worked": {}, "targets": {}, "failures": []}
    return json.loads(STATE.read_text()) if STATE.exists() else new


def write_state(state: Mapping[str, Any]) -> None:
    STATE.parent.mkdir(exist_ok=True)
    STATE.write_text(json.dumps(state, indent=1) + "\n")


def added(state: dict[str, Any], engine: str, number: int, done: Mapping[str, Any]) -> dict[str, Any]:
    """The state with a turn more."""
    state["turns"] = number + 1
    state["seconds"][engine] = state["seconds"].get(engine, 0) + done["wall"]
    state["worked"][engine] = state["worked"].get(engine, 0) + done["worked"]
    for name, each in done["targets"].items():
        total = state["targets"].setdefault(name, {"examples": 0, "seconds": 0.0})
        total["examples"] += each["examples"]
        total["seconds"] = round(total["seconds"] + each["seconds"], 1)
        if each["failure"] is not None:
            state["failures"].append(
                {"target": name, "engine": engine, "turn": number, **each["failure"], "mended": ""}
            )
    return state


def examples(done: Mapping[str, Any]) -> int:
    return sum(each["examples"] for each in done["targets"].values())


def failures(done: Mapping[str, Any]) -> int:
    return sum(each["failure"] is not None for each in done["targets"].values())


def kept(state: Mapping[str, Any]) -> int:
    """Keeps the figures. Failures that were mended stay counted."""
    minutes = {engine: seconds / 60 for engine, seconds in state["seconds"].items()}
    tried = sum(each["examples"] for each in state["targets"].values())
    open_ = [each for each in state["failures"] if not each["mended"]]
    words = " + ".join(f"{engine} {value:.0f}" for engine, value in minutes.items())
    figures = [
        Figure(
            "minutes fuzzed, single-threaded",
            f"{sum(minutes.values()):.0f} ({words})",
            "60",
            sum(minutes.values()) >= 60,
        ),
        Figure(
            "of these on a processor, beside other work", f"{sum(state['worked'].values()) / 60:.1f} minutes", "-", True
        ),
        Figure(f"inputs tried on {len(state['targets'])} targets", f"{tried:,}", "-", tried > 0),
        Figure(
            "crashes and wrong scores found",
            f"{len(state['failures'])}, {len(state['failures']) - len(open_)} of them mended",
            "all mended",
            not open_,
        ),
    ]
    return keep("fuzz", "reliability", 4, "python -m tests.reliability.fuzz", figures)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
