"""Judge tokens a row of isolated criteria (`--judge isolated`) beside the joint prompt's, where prefixes are kept.

    python -m tests.benchmarks.isolated_tokens [DATA_FOLDER] [ROWS of the embedded model, default none]

DATA_FOLDER holds summeval.jsonl and brighter_eng.jsonl. Evaluated tokens are those of prompt and reply that no cache
knew. On all rows the cache is ideal (`prefixes`) and tokens are those of `metrics.tokens`, without a chat template's
few for each message; on some, each of an article of its own, they are what the embedded model reports.

What isolation costs is, for each criterion and row, its rubric and the reply's shape, which the joint prompt has in
front and pays for once. So the ratio is small where texts are long, new to the cache, and rubrics short; the figures
say what it is where one of these does not hold.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dspy

from metrics.tokens import count_tokens
from programs.backends.adapter import assistant_text
from programs.backends.local import LocalEngine, Runtime
from programs.backends.roles import Roles
from programs.optimizer.cast import LOCAL_MAX_TOKENS
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import ADAPTERS, Judge
from programs.optimizer.modes import groups
from programs.optimizer.scoring import judge_rows
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.loading import load_rows
from programs.tasks.task import Task, load_task
from signatures.records import Rubric
from tests.benchmarks.prefixes import IdealCache
from tests.measured import Figure, keep

COMMAND = "python -m tests.benchmarks.isolated_tokens"
MOST = 1.3
WORDS = 40
"""Of the longer rubrics: about what a step or two makes of an initial one."""

Rows = Sequence[dspy.Example]
Count = Callable[[Judge, Rows], float]
"""A judge and rows -> evaluated tokens a row."""


def main(data: str | None = None, count: str = "0") -> int:
    folder = Path(data or os.environ.get("JUDGEGRAD_DATA", Path(__file__).parents[3] / "shared" / "data"))
    summeval, brighter = load_task("summeval"), load_task("brighter")
    articles, texts = load_rows(summeval, str(folder / "summeval.jsonl")), load_rows(
        brighter, str(folder / "brighter_eng.jsonl")
    )  # fmt: skip
    alone = list({row["document_id"]: row for row in articles}.values())
    longer = {name: " ".join(["word"] * WORDS) for name in summeval.criterion_names}
    ideal = "ideal prefix cache"
    found = [
        figure(f"SummEval, {len(alone)} rows of an article each, initial rubrics, {ideal}", summeval, alone, MOST),
        figure(f"the same, rubrics of {WORDS} words", summeval, alone, rubric=longer),
        figure(f"SummEval, {len(articles)} rows, 16 of an article side by side, initial rubrics", summeval, articles),
        figure(f"BRIGHTER, {len(texts)} rows of {mean_tokens(texts):.0f} tokens", brighter, texts),
    ]
    if int(count):
        some = alone[: int(count)]
        found.append(figure(f"SummEval on the embedded model, {len(some)} rows", summeval, some, MOST, count=embedded))
    return keep("isolated-tokens", "speed", 10, COMMAND, found)


def figure(
    what: str,
    task: Task,
    rows: Rows,
    most: float | None = None,
    *,
    rubric: Rubric | None = None,
    count: Count | None = None,
) -> Figure:
    """Both forms' evaluated tokens a row, and isolated's in times the joint prompt's."""
    evaluated = count or ideally
    joint = evaluated(Judge(task, None, rubric), rows)
    isolated = evaluated(Judge(task, groups("S", task.criterion_names), rubric, adapter="isolated"), rows)
    ratio = isolated / joint
    return Figure(
        f"evaluated judge tokens a row, isolated beside joint: {what}",
        f"{isolated:.0f} of {joint:.0f}: {ratio:.2f} times",
        f"at most {most:g} times" if most else "",
        most is None or ratio <= most,
    )


def ideally(judge: Judge, rows: Rows) -> float:
    """By an ideal cache, asked row by row."""
    cache, replies = IdealCache(), 0
    for prompt, reply in exchanges(judge, rows):
        cache.send(prompt)
        replies += count_tokens(reply)
    return (cache.total - cache.shared + replies) / len(rows)


def exchanges(judge: Judge, rows: Rows) -> Iterator[tuple[str, str]]:
    """Every prompt, row by row, and a reply to it."""
    adapter = ADAPTERS[judge.adapter](schema="on")
    lowest = {each.name: each.low for each in judge.task.criteria}
    for row in rows:
        for head in judge.heads:
            messages = adapter.format(head.signature, [], {name: row[name] for name in judge.task.input_names})
            yield "\n".join(each["content"] for each in messages), assistant_text(head.signature, lowest)


def embedded(judge: Judge, rows: Rows) -> float:
    """By the embedded model, with as many rows in flight as in a run."""
    lm, calls = dspy.LM("local/embedded", engine=LocalEngine(runtime=Runtime(threads=1)), cache=False), CallLog()
    with Roles.of(dict.fromkeys(ROLES, lm), calls=calls, max_tokens=LOCAL_MAX_TOKENS).playing("judge"):
        found = judge_rows(judge, rows, Pool(8))
    print(f"{judge.adapter}: {[dict(each.scores) for each in found]}", file=sys.stderr)
    tally = calls.summary()["judge"]
    return (tally["prompt_tokens"] - tally["cached_prompt_tokens"] + tally["completion_tokens"]) / len(rows)


def mean_tokens(rows: Rows) -> float:
    return sum(count_tokens(row["text"]) for row in rows) / len(rows)


if __name__ == "__main__":
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    sys.exit(main(*sys.argv[1:]))
