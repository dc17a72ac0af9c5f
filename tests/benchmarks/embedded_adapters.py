"""The compact adapter against DSPy's ChatAdapter, as BRIGHTER judges on the embedded model.

    python tests/benchmarks/embedded_adapters.py brighter_eng.jsonl [rows, default 120] [in flight, default 4]

Both judge the same test rows in one process, with the same engine and prefix reuse, without any cache of answers.
They take turns in blocks of rows, so that both meet the same load. Prints rows a minute, tokens a row, unparsed
replies and mean Spearman with the paired difference and its interval, and what no judge can save: the text's own
tokens and a digit a criterion.
"""

import sys
import time
from dataclasses import dataclass, field

import dspy
import numpy as np

from metrics.scores import Scores
from metrics.summary import difference, summarize
from programs.backends.names import language_model, prepare
from programs.backends.roles import Roles
from programs.optimizer.cast import LOCAL_MAX_TOKENS
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows, scores_of
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.report_tables import cell_text
from programs.tasks.loading import load_rows
from programs.tasks.task import load_task
from signatures.records import Judgement
from tests.measured import Figure, keep

BLOCK = 20
COMMAND = "python tests/benchmarks/embedded_adapters.py brighter_eng.jsonl"
LEAST = 4.0


@dataclass(frozen=True)
class Measured:
    """One adapter's figures."""

    rows_a_minute: float
    evaluated: float
    generated: float
    scores: Scores

    @property
    def whole(self) -> int:
        """Rows with a score for every criterion."""
        return int(self.scores.scored.all(axis=1).sum())


@dataclass
class Course:
    """An adapter's judge on its way through the rows."""

    judge: Judge
    calls: CallLog = field(default_factory=CallLog)
    judgements: list[Judgement] = field(default_factory=list)
    seconds: float = 0.0

    def go(self, rows: list[dspy.Example], in_flight: int) -> None:
        local = dict.fromkeys(ROLES, language_model("local", cache=False))
        with Roles.of(local, calls=self.calls, max_tokens=LOCAL_MAX_TOKENS).playing("judge"):
            begun = time.perf_counter()
            self.judgements += judge_rows(self.judge, rows, Pool(in_flight))
            self.seconds += time.perf_counter() - begun

    def measured(self, rows: list[dspy.Example]) -> Measured:
        tally = self.calls.summary()["judge"]
        return Measured(
            rows_a_minute=60 * len(rows) / self.seconds,
            evaluated=(tally["prompt_tokens"] - tally["cached_prompt_tokens"]) / len(rows),
            generated=tally["completion_tokens"] / len(rows),
            scores=scores_of(self.judge, rows, self.judgements),
        )


def own_tokens(judge: Judge, rows: list[dspy.Example]) -> float:
    """The tokens of a row's text: what its prompt has more than that of an empty text."""
    calls = CallLog()
    local = dict.fromkeys(ROLES, language_model("local", cache=False))
    sizes = []
    for row in [dspy.Example(text="", row_id="empty").with_inputs("text"), *rows]:
        with Roles.of(local, calls=calls, max_tokens=LOCAL_MAX_TOKENS).playing("judge"):
            judge_rows(judge, [row], Pool(1))
        sizes.append(calls.summary()["judge"]["prompt_tokens"] - sum(sizes))
    return sum(sizes[1:]) / len(rows) - sizes[0]


def main(path: str, count: int = 120, in_flight: int = 4) -> int:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    task = load_task("brighter")
    tested = [row for row in load_rows(task, path) if row["split"] == "test"]
    rows = [tested[place] for place in np.random.default_rng(0).permutation(len(tested))[:count]]
    prepare(language_model("local", cache=False))
    courses = {adapter: Course(Judge(task, adapter=adapter)) for adapter in ("compact", "chat")}
    for start in range(0, count, BLOCK):
        for course in courses.values():
            course.go(rows[start : start + BLOCK], in_flight)
    compact, chat = (courses[adapter].measured(rows) for adapter in ("compact", "chat"))
    least = own_tokens(courses["compact"].judge, rows[:BLOCK]) + len(task.criteria)
    return keep("embedded-adapters", "speed", 5, COMMAND, figures(compact, chat, count, least))


def figures(compact: Measured, chat: Measured, count: int, least: float) -> list[Figure]:
    ratio = compact.rows_a_minute / chat.rows_a_minute
    compared = difference(chat.scores, compact.scores)["pooled"]["spearman"]["mean"]
    rho = [summarize(each.scores)["pooled"]["spearman"]["mean"] for each in (chat, compact)]
    spent = [f"{each.evaluated:.0f} read + {each.generated:.0f} written" for each in (compact, chat)]
    return [
        Figure(
            f"embedded model, BRIGHTER rows a minute ({count} rows)",
            f"{compact.rows_a_minute:.0f}, ChatAdapter {chat.rows_a_minute:.0f}: {ratio:.2f} times",
            f"at least {LEAST:g} times",
            ratio >= LEAST,
        ),
        Figure(
            "mean Spearman of the same rows, pooled, less ChatAdapter's (paired)",
            f"{cell_text(rho[1])} less {cell_text(rho[0])}: {cell_text(compared)}; rows wholly scored "
            f"{compact.whole} and {chat.whole} of {count}",
            "not below",
            compared["value"] is not None and compared["value"] >= 0,
        ),
        Figure(
            "tokens a judgement",
            f"{spent[0]}, ChatAdapter {spent[1]}",
            f"the limit is {least:.0f}: the text and a digit a criterion",
            compact.evaluated + compact.generated < chat.evaluated + chat.generated,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:4])))
