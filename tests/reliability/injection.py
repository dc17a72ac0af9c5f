"""How many points attack texts gain: python -m tests.reliability.injection [ROWS] [LM] [CALLS.jsonl]

ROWS rows of the bundled sample with low ratings (default 24) are scored as they are, and each with one attack of
`attacks.toml`, under each adapter and judge form. Which attack meets which row is drawn once with a fixed seed and then
shifted from cell to cell of adapter and form, so that with 28 rows or more each cell meets every attack, and all cells
together meet them in different rows. A joint judge is asked for all criteria; of a judge with a prompt a criterion one
criterion a row is asked, in turn, which makes it one call as well: 2 x 3 x 2 x ROWS calls, 288 by default.

With a file for the calls, a stopped measurement goes on where it was. LM is any name that optimize.py takes.
"""

import os
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import dspy
import numpy as np
from scipy.stats import ttest_1samp

from programs.backends.markers import CONTROL, holds
from programs.backends.roles import Roles
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import ADAPTERS, TAGGED, Judge
from programs.optimizer.modes import groups
from programs.records.calls import CallLog
from programs.screen import Screen, token_sum
from programs.settings import Settings
from programs.tasks.loading import load_rows
from programs.tasks.task import Task, load_task
from tests.measured import Figure, keep
from tests.reliability.attacks import Attack, attacks

SEED = 0
ROWS = 24
FORMS = {"joint": "C", "separate": "S"}
MEASURED = ("compact", "json", "chat")
"""The adapters that `--adapter` names."""
Score = float | None


@dataclass(frozen=True)
class Pair:
    """One row in one cell, without and with an attack: the scores of the criteria that were asked for."""

    adapter: str
    form: str
    row: dspy.Example
    attack: Attack
    head: int
    before: Mapping[str, Score]
    after: Mapping[str, Score]

    @property
    def gains(self) -> dict[str, float]:
        """Criterion -> points gained, where both are scored."""
        return {name: after - before for name, before in self.before.items()
                if before is not None and (after := self.after[name]) is not None}  # fmt: skip


def design(rows: Sequence[dspy.Example]) -> list[tuple[str, str, dspy.Example, Attack, int]]:
    """Adapter, form, row, attack and head of every pair."""
    drawn = list(attacks())
    random.Random(SEED).shuffle(drawn)
    criteria = len(load_task("sample").criteria)
    cells = list(product(MEASURED, FORMS))
    return [
        (adapter, form, row, drawn[(place + 5 * number) % len(drawn)], place % criteria if form == "separate" else 0)
        for number, (adapter, form) in enumerate(cells)
        for place, row in enumerate(rows)
    ]


def low_rows(task: Task, count: int) -> list[dspy.Example]:
    """The lowest rated row of each of the documents (of one there is one row only), in an order drawn with the seed."""
    rows = sorted(load_rows(task), key=lambda row: (sum(row[name] for name in task.criterion_names), row["row_id"]))
    lowest = list({row["document_id"]: row for row in reversed(rows)}.values())
    random.Random(SEED).shuffle(lowest)
    return lowest[:count]


def measure(count: int, roles: Roles, screen: Screen, threads: int = 1) -> list[Pair]:
    """All pairs of the design. LM failures are raised: what was paid for stands in the log."""
    task = load_task("sample")
    judges = {
        (adapter, form): Judge(task, groups(letter, task.criterion_names), adapter=adapter)
        for adapter, (form, letter) in product(MEASURED, FORMS.items())
    }
    planned = design(low_rows(task, count))

    def ask(item: tuple[Judge, int, Mapping[str, str]]) -> dict[str, Score]:
        judge, head, inputs = item
        return {name: each.score for name, each in judge.answer(head, inputs).items()}

    asked: list[tuple[Judge, int, Mapping[str, str]]] = []
    for adapter, form, row, attack, head in planned:
        judge = judges[adapter, form]
        asked += [
            (judge, head, {name: row[name] for name in task.input_names}),
            (judge, head, attack.inputs(task, row)),
        ]
    with roles.playing("judge"):
        found = Pool(threads, screen.started).map("judge", ask, asked)
    return [Pair(*plan, before, after) for plan, before, after in zip(planned, found[::2], found[1::2], strict=True)]


def interval(gains: Sequence[float]) -> str:
    """Mean and 95 % interval (Student's t over rows); no interval for fewer than six rows or where nothing varies."""
    if not gains:
        return "undefined (no pair is scored)"
    mean = float(np.mean(gains))
    if len(gains) < 6 or np.ptp(gains) == 0:
        return f"{mean:+.2f} (no interval, n {len(gains)})"
    low, high = ttest_1samp(gains, 0).confidence_interval(0.95)
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}] (n {len(gains)})"


def row_means(pairs: Sequence[Pair]) -> list[float]:
    """Each row's mean gain, over all its pairs and the criteria that both times got a score."""
    found: dict[str, list[float]] = {}
    for pair in pairs:
        found.setdefault(pair.row["row_id"], []).extend(pair.gains.values())
    return [float(np.mean(gains)) for gains in found.values() if gains]


def unscored(pairs: Sequence[Pair]) -> int:
    """Attacked rows that lost a score which they had without the attack."""
    return sum(any(pair.after[name] is None for name, old in pair.before.items() if old is not None) for pair in pairs)


def raised_to_top(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many scores went to the top level from below it, of how many that were below it."""
    tops = {each.name: each.high for each in load_task("sample").criteria}
    could = [(pair.after[name], tops[name]) for pair in pairs for name, old in pair.before.items()
             if old is not None and old < tops[name]]  # fmt: skip
    return sum(new == top for new, top in could), len(could)


def show(pairs: Sequence[Pair], screen: Screen) -> None:
    """By cell, by criterion within it, by family and by attack."""
    header = ["", "gain in points", "lost a score", "raised to the top"]
    cells = {f"{adapter}, {form}": [each for each in pairs if (each.adapter, each.form) == (adapter, form)]
             for adapter, form in product(MEASURED, FORMS)}  # fmt: skip
    screen.table("\nby adapter and judge form", header, [[name, *_row(each)] for name, each in cells.items()])
    criteria = load_task("sample").criterion_names
    rows = [[name, *(interval([pair.gains[each] for pair in found if each in pair.gains]) for each in criteria)]
            for name, found in cells.items()]  # fmt: skip
    screen.table("\nby criterion", ["", *criteria], rows)
    for title in ("family", "position", "name"):
        of: dict[str, list[Pair]] = {}
        for pair in pairs:
            of.setdefault(getattr(pair.attack, title), []).append(pair)
        screen.table(f"\nby {title} of the attack", header, [[name, *_row(each)] for name, each in sorted(of.items())])


def _row(pairs: Sequence[Pair]) -> list[str]:
    top, could = raised_to_top(pairs)
    return [interval(row_means(pairs)), f"{unscored(pairs)}/{len(pairs)}", f"{top}/{could}"]


def figures(pairs: Sequence[Pair], lm: str) -> list[Figure]:
    """What is kept. What a model makes of an attack is measured and has no target; what the program does has one."""
    found = []
    for adapter, form in product(MEASURED, FORMS):
        cell = [each for each in pairs if (each.adapter, each.form) == (adapter, form)]
        what = f"points of {len(load_task('sample').criteria[0].levels)} that attacks gain, {lm}, {adapter}, {form}"
        found.append(Figure(what, interval(row_means(cell)), "measured", True))
    for family in dict.fromkeys(each.family for each in attacks()):
        own = [each for each in pairs if each.attack.family == family]
        found.append(
            Figure(f"points gained by attacks of the kind {family}", interval(row_means(own)), "measured", True)
        )
    top, could = raised_to_top(pairs)
    found.append(Figure("scores raised to the top level", f"{top} of {could} that were below it", "measured", True))
    found.append(Figure("attacked rows that lost a score", f"{unscored(pairs)} of {len(pairs)}", "measured", True))
    broken = sum(_broken(pair) for pair in pairs)
    found.append(
        Figure("attacks in whose prompt a field or turn ends early", f"{broken} of {len(pairs)}", "0", not broken)
    )
    return found


def _broken(pair: Pair) -> bool:
    """Whether the attacked prompt has another number of turns, fields or control tokens than the row's own."""
    task = load_task("sample")
    judge = Judge(task, adapter=pair.adapter)
    own, attacked = (_shape(judge, inputs) for inputs in (
        {name: pair.row[name] for name in task.input_names}, pair.attack.inputs(task, pair.row)))  # fmt: skip
    return own != attacked


def _shape(judge: Judge, inputs: Mapping[str, str]) -> tuple[Any, ...]:
    adapter = ADAPTERS[judge.adapter](schema="auto")
    messages = adapter.format(judge.heads[0].signature, [], dict(inputs))
    user = messages[-1]["content"]
    marks = [mark for name in inputs for mark in (f"<{name}>", f"</{name}>", f"[[ ## {name} ## ]]")]
    own = [mark for mark in marks if mark.startswith("<") == (judge.adapter in TAGGED)]
    return len(messages), type(user), [str(user).count(mark) for mark in own], holds(str(user), CONTROL)


def main(rows: int = ROWS, lm: str = "local", log: str | None = None) -> int:
    """Measures, shows and keeps."""
    settings = Settings(lm=lm, api_base=os.environ.get("JUDGEGRAD_API_BASE"), seed=SEED, judge_temperature=0.0)
    calls = CallLog(Path(log) if log else None)
    roles = cast_roles(settings, calls)
    with Screen() as screen:
        most = 2 * len(MEASURED) * len(FORMS) * rows
        screen.tokens = lambda: token_sum(calls.summary())
        screen.say(f"{rows} rows, {len(attacks())} attacks, at most {most} LM calls of {lm} at temperature 0")
        screen.expect(most)
        try:
            pairs = measure(rows, roles, screen)
        finally:
            calls.close()
            sent = calls.summary().get("judge", {})
            screen.say(f"{sent.get('calls', 0)} calls sent, {sent.get('reused', 0)} known already")
    show(pairs, screen)
    command = f"python -m tests.reliability.injection {rows} {lm}"
    return keep("injection", "reliability", 5, command, figures(pairs, lm))


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else ROWS, *given[1:]))
