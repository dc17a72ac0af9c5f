"""How close a run comes to the least time that its calls can take: the paper's size, mode SSC, 100 ms a call.

    python -m tests.benchmarks.wall_clock [STEPS, default 12] [MILLISECONDS, default 100]

12 steps of 3 rows, 100 rows at the gate, 480 test rows scored at every step, 32 calls in flight, against a server in a
process of its own: once with every planned call sent (`--reuse off`), once with what is known asked once (the default).
The bound is max(critical path, calls x latency / in flight), both counted from the run itself: the critical path is
the calls that wait for each other, one after the other, from the gate's first rows to the last judge on the test rows.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.counting_server import Remote, counting_process
from tests.measured import Figure, keep

IN_FLIGHT = 32
MOST = 1.15
ROWS_OF_A_DOCUMENT, DOCUMENTS = 20, 37
NAMES = ("coherence", "consistency", "fluency", "relevance")
PROGRAM = Path(__file__).parents[2] / "programs" / "optimize.py"
COMMAND = "python -m tests.benchmarks.wall_clock"
KINDS = {"off": "every planned call sent (--reuse off)", "on": "nothing known asked twice (the default)"}


@dataclass(frozen=True)
class Measured:
    """One run: seconds of the run and of the whole command, and what bounds them."""

    run: float
    command: float
    path: int
    calls: int
    latency: float

    @property
    def bound(self) -> float:
        """Seconds."""
        return max(self.path * self.latency, self.calls * self.latency / IN_FLIGHT)

    @property
    def ratio(self) -> float:
        return self.run / self.bound


def main(steps: str = "12", milliseconds: str = "100") -> int:
    latency, found = int(milliseconds) / 1000, {}
    with tempfile.TemporaryDirectory() as place, counting_process(latency) as server:
        table = write_table(Path(place) / "rated.csv")
        for reuse, kind in KINDS.items():
            found[reuse] = one = measure(server, table, reuse, int(steps), latency)
            print(
                f"{kind}: {one.calls} calls x {latency:g} s / {IN_FLIGHT} = {one.calls * latency / IN_FLIGHT:.1f} s; "
                f"critical path {one.path} calls = {one.path * latency:.1f} s; run {one.run:.1f} s = {one.ratio:.2f} "
                f"times the bound; the whole command {one.command:.1f} s",
                flush=True,
            )
    return keep("wall-clock", "speed", 1, COMMAND, [figure for each in found.items() for figure in figures(*each)])


def figures(reuse: str, one: Measured) -> list[Figure]:
    ratio = Figure(
        f"a paper-size run, {KINDS[reuse]}, in times its bound",
        f"{one.ratio:.2f}",
        f"at most {MOST}",
        one.ratio <= MOST,
    )
    times = f"{one.run:.1f} s and {one.bound:.1f} s, {one.calls:,} calls, {one.path} of them one after the other"
    return [ratio, Figure("its time and its bound", times, "", True)]


def measure(server: Remote, table: Path, reuse: str, steps: int, latency: float) -> Measured:
    runs = table.parent / f"runs-{reuse}"
    server.seen()
    begun = time.monotonic()
    ended = subprocess.run(
        run_command(server, table, runs, reuse, steps),
        env=environment(runs),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    seconds = time.monotonic() - begun
    if ended.returncode:
        sys.exit(ended.stderr)
    steps_done = [json.loads(line) for line in (runs / "run" / "steps.jsonl").read_text().splitlines()]
    timing = json.loads((runs / "run" / "timing.json").read_text())
    calls = sum(server.seen().counts.values())
    return Measured(timing["seconds"], seconds, critical_path(steps_done, reuse), calls, latency)


def run_command(server: Remote, table: Path, runs: Path, reuse: str, steps: int) -> list[str]:
    return [
        *(sys.executable, str(PROGRAM), "--mode", "SSC", "--preset", "paper", "--steps", str(steps)),
        *("--data", str(table), "--inputs", "text", "--criteria", ",".join(f"{name}:1-5" for name in NAMES)),
        *("--group", "document", "--threads", str(IN_FLIGHT), "--reuse", reuse, "--lm", "stub"),
        *("--api-base", server.url, "--runs-dir", str(runs), "--run", "run"),
    ]


def environment(runs: Path) -> dict[str, str]:
    """With a cache of its own: what another run has paid for is asked again."""
    return {**os.environ, "OPENAI_API_KEY": "none", "DSPY_CACHEDIR": str(runs / "cache")}


def critical_path(steps: list[dict[str, Any]], reuse: str) -> int:
    """Calls one after the other: the gate's rows under the initial judge; a step's judge, loss, gradient, rewrite and
    gate; and the test rows under the kept judge, which with `reuse` are known unless the last step changed it."""
    length = 1
    for step in steps[1:]:
        asked = any(verdict["reason"] != "unchanged" for verdict in step["gate"])
        length += 1 + bool(step["losses"]) + 2 * bool(step["gradients"]) + asked
    last_kept = any(verdict["kept"] for verdict in steps[-1]["gate"])
    return length + (reuse == "off" or last_kept)


def write_table(path: Path) -> Path:
    """As many rated rows as the paper's sizes take."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["document", "text", *NAMES])
        for row in range(ROWS_OF_A_DOCUMENT * DOCUMENTS):
            text = f"Summary {row}. " + "The quick brown fox jumps over the lazy dog. " * 10
            ratings = [1 + (row * (place + 2) + row // 7) % 5 for place in range(len(NAMES))]
            writer.writerow([f"document {row // ROWS_OF_A_DOCUMENT}", text, *ratings])
    return path


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
