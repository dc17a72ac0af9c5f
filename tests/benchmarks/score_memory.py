"""How much memory score.py takes for many rows, and what a restart asks again: the most that is resident, for few rows
and for many, the many killed half way and started again.

    python -m tests.benchmarks.score_memory FOLDER [ROWS]

ROWS (100,000) texts of some 1,000 characters, and before them 100, are scored with their probabilities against a stub
server in another process. The second session begins with an empty cache of DSPy's, so that only what score.py has
written down keeps it from asking again. Figures are kept for 100,000 rows only.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.task import load_task
from tests.benchmarks.counting_server import Remote, counting_process
from tests.measured import Figure, keep

COMMAND = Path(__file__).parents[2] / "programs" / "score.py"
FEW, MANY = 100, 100_000
MOST_MB = 500
THREADS = 8


@dataclass
class Scoring:
    """What one output took: seconds, megabytes resident at the most, requests that the server saw, and the rows."""

    seconds: float = 0.0
    megabytes: float = 0.0
    asked: int = 0
    rows: int = 0
    in_order: bool = False


def main(place: str, rows: str = str(MANY)) -> int:
    folder, count = Path(place), int(rows)
    folder.mkdir(parents=True, exist_ok=True)
    save_judge(Judge(load_task("sample")), folder / "judge.json")
    base, many = scored(folder, FEW), scored(folder, count, kill_at=count // 2)
    over, again = many.megabytes - base.megabytes, many.asked - count
    for number, each in ((FEW, base), (count, many)):
        print(f"{number:,} rows in {each.seconds:.0f} s, {each.megabytes:.0f} MB, {each.asked:,} requests")
    found = [
        Figure(
            f"memory of score.py over the base, {count:,} rows", f"{over:.0f} MB", f"under {MOST_MB} MB", over < MOST_MB
        ),
        Figure(
            "requests asked again by a scoring that was killed half way (in flight at the kill)",
            f"{again} of {many.asked:,}",
            f"at most {THREADS}, those in flight",
            0 <= again <= THREADS,
        ),
        Figure(
            "rows written, in the table's order", f"{many.rows:,}", f"{count:,}", many.rows == count and many.in_order
        ),
    ]
    if count == MANY:
        return keep("score-memory", "speed", 7, "python -m tests.benchmarks.score_memory FOLDER", found)
    print(*found, sep="\n")
    return 0 if all(each.holds for each in found) and base.asked == base.rows == FEW else 1


def scored(folder: Path, count: int, kill_at: int | None = None) -> Scoring:
    """The rows scored, in two sessions where the first is killed at so many requests."""
    texts, out = folder / f"{count}.csv", folder / f"{count}.scored.csv"
    write_texts(texts, count)
    found = Scoring()
    with counting_process(doubtful=True) as server:
        for session, limit in enumerate([None] if kill_at is None else [kill_at, None]):
            run_session(folder, texts, out, server, found, limit, session)
    with out.open(newline="", encoding="utf-8") as file:
        questions = [row["message"] for row in csv.DictReader(file)]
    found.rows, found.in_order = len(questions), questions == [question(place, count) for place in range(count)]
    return found


def run_session(
    folder: Path, texts: Path, out: Path, server: Remote, found: Scoring, limit: int | None, session: int
) -> None:
    """One process of score.py, killed once the server has seen `limit` requests; adds to what was found."""
    flags = [str(folder / "judge.json"), "--data", str(texts), "--out", str(out), "--threads", str(THREADS)]
    cache = folder / f"cache-{out.name}-{session}-{time.time_ns()}"
    environment = {**os.environ, "OPENAI_API_KEY": "none", "DSPY_CACHEDIR": str(cache)}
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(COMMAND), *flags, "--lm", "stub", "--api-base", server.url], env=environment
    )
    while limit is not None and found.asked < limit:
        time.sleep(0.05)
        found.asked += sum(server.seen().counts.values())
        if process.poll() is not None:
            sys.exit("score.py ended before it was killed: give more rows")
    if limit is not None:
        process.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    found.seconds += time.monotonic() - begun
    found.megabytes = max(found.megabytes, usage.ru_maxrss / 1024)
    found.asked += sum(server.seen().counts.values())
    if status and limit is None:
        sys.exit(f"score.py ended with {status}")


def write_texts(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "reply"])
        writer.writerows((question(place, count), f"Answer {place}. " + "word " * 200) for place in range(count))


def question(place: int, count: int) -> str:
    return f"Question {place} of {count}?"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
