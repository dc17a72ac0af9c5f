"""The compact adapter against DSPy's ChatAdapter, as BRIGHTER judges on the embedded model.

    python tests/benchmarks/embedded_adapters.py brighter_eng.jsonl [rows, default 120] [in flight, default 4]

Both judge the same test rows in one process, with the same engine and prefix reuse, without any cache of answers.
Prints rows a minute, tokens a row, unparsed replies and mean Spearman, and their ratios.
"""

import sys
import time
from dataclasses import dataclass

import dspy
import numpy as np

from programs.backends.names import language_model, prepare
from programs.backends.roles import Roles
from programs.optimizer.cast import LOCAL_MAX_TOKENS
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.keep import values_of
from programs.optimizer.scoring import judge_rows, scores_of
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.loading import load_rows
from programs.tasks.task import Task, load_task


@dataclass(frozen=True)
class Measured:
    """One adapter's figures."""

    rows_a_minute: float
    evaluated: float
    generated: float
    unscored: int
    spearman: float


def measure(task: Task, rows: list[dspy.Example], adapter: str, in_flight: int) -> Measured:
    calls = CallLog()
    roles = Roles.of(
        dict.fromkeys(ROLES, language_model("local", cache=False)), calls=calls, max_tokens=LOCAL_MAX_TOKENS
    )
    judge = Judge(task, adapter=adapter)
    with roles.playing("judge"):
        begun = time.perf_counter()
        scores = scores_of(judge, rows, judge_rows(judge, rows, Pool(in_flight)))
        seconds = time.perf_counter() - begun
    tally = calls.summary()["judge"]
    values = [value for value in values_of(scores, "spearman", scores.names).values() if value is not None]
    return Measured(
        rows_a_minute=60 * len(rows) / seconds,
        evaluated=(tally["prompt_tokens"] - tally["cached_prompt_tokens"]) / len(rows),
        generated=tally["completion_tokens"] / len(rows),
        unscored=int((~scores.scored).any(axis=1).sum()),
        spearman=float(np.mean(values)),
    )


def main(path: str, count: int = 120, in_flight: int = 4) -> None:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    task = load_task("brighter")
    tested = [row for row in load_rows(task, path) if row["split"] == "test"]
    rows = [tested[place] for place in np.random.default_rng(0).permutation(len(tested))[:count]]
    prepare(language_model("local", cache=False))
    found = {adapter: measure(task, rows, adapter, in_flight) for adapter in ("compact", "chat")}
    for adapter, each in found.items():
        print(
            f"{adapter:8} {each.rows_a_minute:6.1f} rows/min, {each.evaluated:6.1f} prompt tokens evaluated and "
            f"{each.generated:5.1f} generated a row, {each.unscored} of {count} rows not wholly scored, "
            f"mean Spearman {each.spearman:.3f}"
        )
    compact, chat = found["compact"], found["chat"]
    print(f"compact / chat: {compact.rows_a_minute / chat.rows_a_minute:.2f} times the rows a minute (target 2.6)")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:4]))
