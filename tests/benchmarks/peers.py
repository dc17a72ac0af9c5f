"""The textual gradient beside GEPA, MIPROv2 and COPRO: what each spends its LM calls on, against one stub server.

    python -m tests.benchmarks.peers [SEEDS]

The same table, splits, LM, number of calls in flight (8) and budget (that of the textual-gradient run, SSC, 12 steps of
3 rows) in the world of `hidden_words`, where every reply takes 50 ms. SEEDS (3) runs of each; numbers are means.
The validation score is the mean Spearman on all 60 validation rows (`--reserve 0`), which each method chooses its judge
by in its own way: the textual gradient by this metric, the peers by mean agreement.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dspy
import numpy as np

from programs import optimize
from programs.optimizer.peers import gepa
from programs.optimizer.peers.bench import Bench
from programs.settings import OPTIMIZERS
from tests.benchmarks.hidden_words import WORDS, HiddenWords, write_rows
from tests.benchmarks.prompt_tokens import quietly
from tests.fake import FakeEngine
from tests.measured import KEPT, Figure, keep
from tests.stub_server import stub_server

COMMAND = "python -m tests.benchmarks.peers"
LATENCY = 0.05
VALIDATION = 60
FLAGS = (
    f"--val-size {VALIDATION} --inputs text --group id --mode SSC --gate spearman --reserve 0 --eval-every 0 "
    "--threads 8 --train-size 40 --test-size 30 --steps 12 --batch-size 3"
).split()


@dataclass(frozen=True)
class Run:
    """One run: best validation score and calls so far after each step or candidate, and totals.

    `known` are judgements that were asked for again (or planned, and needless) and not sent; `repeated` the identical
    requests that reached the server.
    """

    scores: Sequence[float]
    calls: Sequence[int]
    judged: int
    sent: int
    known: int
    repeated: int
    seconds: float

    def to_reach(self, score: float) -> int | None:
        return next((calls for best, calls in zip(self.scores, self.calls, strict=True) if best >= score), None)


def main(seeds: str = "3") -> int:
    runs = {name: [measured(name, seed) for seed in range(int(seeds))] for name in OPTIMIZERS}
    start = float(np.mean([each.scores[0] for each in runs["textgrad"]]))
    goals = [round(start + share * (1 - start), 2) for share in (0.25, 0.5)]
    rows = [table_row(name, each, goals) for name, each in runs.items()]
    print(f"initial validation score {start:.2f}")
    code = keep(
        "peers", "speed", 8, COMMAND, [figure for name, each in runs.items() for figure in figures(name, each, goals)]
    )
    keep_table(goals, start, rows, int(seeds))
    return code


def figures(name: str, runs: list[Run], goals: list[float]) -> list[Figure]:
    """One line an optimizer; only what must hold has a target."""
    row = table_row(name, runs, goals)
    told = (
        f"{row['reached'][1]} calls to {goals[1]:.2f} (best {row['best']}), {row['evaluation']} of calls are judgements"
        f", {row['rate']} judgements/s, {row['repeated']} identical requests sent, {row['known']} asked for again"
    )
    return [Figure(f"{name}, {row['sent']} calls", told, "no request sent twice", row["repeated"] == "0")]


def table_row(name: str, runs: list[Run], goals: list[float]) -> dict[str, Any]:
    """What the README's table says of an optimizer."""
    sent, judged = (sum(getattr(each, part) for each in runs) for part in ("sent", "judged"))
    return {
        "optimizer": "textual gradient (SSC)" if name == "textgrad" else name,
        "sent": f"{sent / len(runs):.0f}",
        "reached": [reached([each.to_reach(goal) for each in runs]) for goal in goals],
        "best": f"{np.mean([each.scores[-1] for each in runs]):.2f}",
        "evaluation": f"{judged / sent:.0%}",
        "rate": f"{judged / sum(each.seconds for each in runs):.0f}",
        "repeated": str(sum(each.repeated for each in runs)),
        "known": f"{sum(each.known for each in runs) / len(runs):.0f}",
    }


def reached(calls: list[int | None]) -> str:
    """The mean over the runs that got there, and how many did not."""
    there = [each for each in calls if each is not None]
    if not there:
        return "never"
    return f"{np.mean(there):.0f}" + (f" ({len(there)} of {len(calls)} runs)" if len(there) < len(calls) else "")


def measured(name: str, seed: int) -> Run:
    """One run of optimize.py in this process; the server answers from threads of its own."""
    with tempfile.TemporaryDirectory() as place, stub_server(FakeEngine(reply=HiddenWords(LATENCY).reply)) as server:
        write_rows(Path(place) / "rows.csv", 160, seed)
        criteria = ",".join(f"{each}:1-5" for each in WORDS)
        flags = [
            *FLAGS,
            "--data",
            f"{place}/rows.csv",
            "--criteria",
            criteria,
            "--optimizer",
            name,
            "--seed",
            str(seed),
        ]
        lm = ["--lm", "stub", "--api-base", server.url, "--schema", "on", "--runs-dir", place, "--run", "one"]
        with counting_wishes() as wished:
            quietly(optimize.main, [*flags, *lm])
        bodies = Counter(json.dumps(body, sort_keys=True) for body in server.bodies)
        return run_of(Path(place) / "one", sum(count - 1 for count in bodies.values()), wished)


def run_of(folder: Path, repeated: int, wished: Counter[str]) -> Run:
    steps = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]
    tallies = json.loads((folder / "summary.json").read_text())["calls"]
    values = [float(np.mean([value or 0.0 for value in step["validation"].values()])) for step in steps]
    judged = tallies["judge"]["calls"]
    known = tallies["judge"]["reused"] + tallies["judge"]["skipped"]
    if wished:
        known = (
            wished["judge"] + VALIDATION - wished["sent judge"]
        )  # the initial judge's rows are scored before it asks
    return Run(
        scores=np.maximum.accumulate(values).tolist(),
        calls=np.cumsum([step["spent"]["calls"] for step in steps]).tolist(),
        judged=judged,
        sent=sum(tally["calls"] for tally in tallies.values()),
        known=known,
        repeated=repeated,
        seconds=json.loads((folder / "timing.json").read_text())["seconds"],
    )


@contextmanager
def counting_wishes() -> Iterator[Counter[str]]:
    """How many judgements a peer asks for (`judge`), those that are known among them, and how many are sent."""
    wished: Counter[str] = Counter()
    answer, evaluate, take = Bench.answer, gepa.Adapter.evaluate, Bench._take

    def one(bench: Bench, *arguments: Any) -> Any:
        wished["judge"] += 1
        return answer(bench, *arguments)

    def batch(adapter: gepa.Adapter, rows: list[dspy.Example], *arguments: Any, **options: Any) -> Any:
        wished["judge"] += len(rows)
        return evaluate(adapter, rows, *arguments, **options)

    def sent(bench: Bench, role: str, count: int) -> None:
        take(bench, role, count)
        wished[f"sent {role}"] += count

    with (
        patch.object(Bench, "answer", one),
        patch.object(gepa.Adapter, "evaluate", batch),
        patch.object(Bench, "_take", sent),
    ):
        yield wished


def keep_table(goals: list[float], start: float, rows: list[dict[str, Any]], seeds: int) -> None:
    """Adds to the kept file what the README's table is written from."""

    path = KEPT / "peers.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content |= {"table": {"goals": goals, "start": round(start, 2), "seeds": seeds, "rows": rows}}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OPENAI_API_KEY", "none")
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    sys.exit(main(*sys.argv[1:]))
