"""Where the threads of wall_clock's default run spend their time, sampled by py-spy (`pip install py-spy`).

    python -m tests.benchmarks.wall_clock_profile [STEPS, default 12] [MILLISECONDS, default 100]

Of the threads that make the calls: the share of samples of each of PLACES, the first that a stack passes through.
"""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.counting_server import counting_process
from tests.benchmarks.wall_clock import environment, run_command, write_table
from tests.measured import Figure, keep

COMMAND = "python -m tests.benchmarks.wall_clock_profile"
PLACES = {
    "imports, once": ("importlib._bootstrap", "__getattr__ (dspy/__init__"),
    "writes replies into DSPy's cache": ("set (diskcache",),
    "looks there": ("get (diskcache",),
    "waits for the server's reply": ("/transports/",),
    "writes the run's log of calls": ("programs/records/",),
    "other work of judgegrad": ("programs/",),
    "waits for work": ("_worker (concurrent/futures",),
}
"""Parts of a stack's frames as py-spy writes them, function and file."""


def main(steps: str = "12", milliseconds: str = "100") -> int:
    if not shutil.which("py-spy"):
        sys.exit("py-spy is not installed: pip install py-spy")
    with tempfile.TemporaryDirectory() as place, counting_process(int(milliseconds) / 1000) as server:
        stacks, runs = Path(place) / "stacks.txt", Path(place) / "runs"
        command = run_command(server, write_table(Path(place) / "rated.csv"), runs, "on", int(steps))
        sampler = ["py-spy", "record", "--idle", "--threads", "--format", "raw", "--output", str(stacks), "--"]
        ended = subprocess.run([*sampler, *command], env=environment(runs), capture_output=True, text=True)
        if ended.returncode:
            sys.exit(ended.stderr)
        found = shares(stacks.read_text(encoding="utf-8"))
    value = "; ".join(f"{place}: {share:.0%}" for place, share in found.items())
    return keep("wall-clock-profile", "speed", 1, COMMAND, [Figure("where its threads are", value, "", True)])


def shares(stacks: str) -> dict[str, float]:
    """By place, the largest first, of py-spy's raw lines `frame;frame;... samples`."""
    found: Counter[str] = Counter()
    for frames, samples in _of_callers(stacks):
        found[_place(frames)] += samples
    return {place: count / found.total() for place, count in found.most_common()}


def _of_callers(stacks: str) -> Iterator[tuple[str, int]]:
    for line in stacks.splitlines():
        frames, samples = line.rsplit(" ", 1)
        if "ThreadPoolExecutor" in frames.split(";")[0]:
            yield frames, int(samples)


def _place(frames: str) -> str:
    passed = (place for place, parts in PLACES.items() if any(part in frames for part in parts))
    return next(passed, "elsewhere")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
