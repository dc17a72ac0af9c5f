"""How much memory score.py takes for many rows: the most that is resident, for few rows and for many.

    python tests/benchmarks/score_memory.py FOLDER [ROWS]

ROWS (100,000) texts of some 1,000 characters, and before them 100, are scored with their probabilities against a stub
server in another process. Exits with 1 where the many take over 500 MB more than the few, where a row is missing, or
where the server saw another number of requests than there are rows.
"""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.task import load_task
from tests.benchmarks.counting_server import counting_process

COMMAND = Path(__file__).parents[2] / "programs" / "score.py"
FEW = 100
MOST_MB = 500


def main(place: str, rows: str = "100000") -> int:
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    save_judge(Judge(load_task("sample")), folder / "judge.json")
    right, base = True, 0.0
    for count in (FEW, int(rows)):
        seconds, megabytes, asked, written = measured(folder, count)
        base = base or megabytes
        print(
            f"{count:>9,} rows in {seconds:7.1f} s: {megabytes:6.0f} MB resident at most, {megabytes - base:5.0f} MB "
            f"over the base; {asked:,} requests, {written:,} rows written",
            flush=True,
        )
        right = right and asked == written == count and megabytes - base < MOST_MB
    print("as it should be" if right else "NOT as it should be")
    return 0 if right else 1


def measured(folder: Path, count: int) -> tuple[float, float, int, int]:
    """Seconds, megabytes resident at the most, requests that the server saw, and rows written."""
    texts, out = folder / f"{count}.csv", folder / f"{count}.scored.csv"
    write_texts(texts, count)
    command = [sys.executable, str(COMMAND), str(folder / "judge.json"), "--data", str(texts), "--out", str(out)]
    environment = {**os.environ, "OPENAI_API_KEY": "none", "DSPY_CACHEDIR": str(folder / "cache")}
    with counting_process(doubtful=True) as server:
        begun = time.monotonic()
        process = subprocess.Popen([*command, "--lm", "stub", "--api-base", server.url], env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        asked = sum(server.seen().counts.values())
    if status:
        sys.exit(f"score.py ended with {status}")
    with out.open(newline="", encoding="utf-8") as file:
        written = sum(1 for _ in csv.reader(file)) - 1
    return seconds, usage.ru_maxrss / 1024, asked, written


def write_texts(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "reply"])
        writer.writerows(
            (f"Question {place} of {count}?", f"Answer {place}. " + "word " * 200) for place in range(count)
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
