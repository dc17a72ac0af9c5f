"""How long a command takes to say its flags, and to send its first LM call to a server.

    python -m tests.benchmarks.start_up [TIMES, default 5]

Medians. The first call is timed from the start of the process to its arrival at a server on 127.0.0.1; what the command
does afterwards is cut off.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.task import load_task
from tests.benchmarks.counting_server import Remote, counting_process
from tests.benchmarks.score_memory import write_texts
from tests.measured import Figure, keep

PROGRAMS = Path(__file__).parents[2] / "programs"
COMMAND = "python -m tests.benchmarks.start_up"
MOST_HELP, MOST_CALL = 0.3, 1.5


def main(times: str = "5") -> int:
    rounds = range(int(times))
    helps = {name: statistics.median(help_seconds(name) for _ in rounds) for name in commands()}
    slowest = max(helps, key=lambda name: helps[name])
    what = f"slowest --help of {len(helps)} commands ({slowest})"
    found = [Figure(what, f"{helps[slowest]:.2f} s", f"under {MOST_HELP} s", helps[slowest] < MOST_HELP)]
    with tempfile.TemporaryDirectory() as place, counting_process() as server:
        for name, flags in asking(Path(place)).items():
            seconds = statistics.median(call_seconds(server, Path(place), name, flags, each) for each in rounds)
            what = f"{name}, from its start to its first LM call"
            found.append(Figure(what, f"{seconds:.2f} s", f"under {MOST_CALL} s", seconds < MOST_CALL))
    return keep("start-up", "speed", 6, COMMAND, found)


def commands() -> list[str]:
    """The files of programs/ that are commands."""
    return sorted(path.name for path in PROGRAMS.glob("*.py") if "\n    run(main)" in path.read_text(encoding="utf-8"))


def help_seconds(name: str) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, str(PROGRAMS / name), "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def asking(folder: Path) -> dict[str, list[str]]:
    """Commands that ask an LM, with what they need."""
    judge, texts = str(folder / "judge.json"), folder / "texts.csv"
    save_judge(Judge(load_task("sample")), Path(judge))
    write_texts(texts, 100)
    return {
        "optimize.py": ["--task", "sample", "--runs-dir", str(folder)],
        "score.py": [judge, "--data", str(texts), "--reuse", "off"],
        "evaluate.py": [judge, "--reuse", "off"],
    }


def call_seconds(server: Remote, folder: Path, name: str, flags: list[str], number: int) -> float:
    """Seconds from the start of the process to its first request."""
    new = {"optimize.py": ["--run", f"run-{number}"], "score.py": ["--out", str(folder / f"{number}.csv")]}
    asked = ["--lm", "stub", "--api-base", server.url]
    command = [sys.executable, str(PROGRAMS / name), *flags, *new.get(name, []), *asked]
    environment = {**os.environ, "OPENAI_API_KEY": "none", "DSPY_CACHEDIR": str(folder / f"cache-{name}-{number}")}
    server.seen()
    begun = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = None
    while first is None and process.poll() is None:
        time.sleep(0.05)
        first = server.seen().first
    process.kill()
    process.wait()
    if first is None:
        sys.exit(f"{name} ended with {process.returncode} before it asked anything")
    return first - begun


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
