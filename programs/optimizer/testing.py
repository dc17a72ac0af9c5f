"""The judges of a run on its test rows, which nothing in the search waits for, and the steps that wait for them."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.readouts import Read, read
from programs.optimizer.scoring import Scoring, judge_later, judge_rows
from programs.optimizer.steps import Step
from programs.records.served import Served, watched
from signatures.records import Judgement

KEPT = "kept"
NAMED = {"0": "initial", KEPT: "kept"}


@dataclass(frozen=True, eq=False)
class Begun:
    """A scoring that was begun, and its name."""

    name: str
    scoring: Scoring


class Testing:
    """Scores judges on the test rows in the background, and records steps in order, each when its scoring has ended.

    Until then earlier scorings have ended too, so that all that the step's lap holds is known. `at_once` waits for
    every scoring where it is begun: under a limit, what is left unscored must not depend on what overtook it.
    """

    def __init__(
        self,
        rows: Sequence[dspy.Example],
        pool: Pool,
        record: Callable[[Step, Read | None], None],
        *,
        at_once: bool,
    ) -> None:
        self.found: dict[str, Read] = {}
        self._rows = rows
        self._pool = pool
        self._record = record
        self._at_once = at_once
        self._waiting: deque[Begun | Step] = deque()
        self._served: dict[str, Served] = {}

    def begin(self, name: str, judge: Judge) -> Scoring:
        """Scores a judge under a name. Raises what has ended the scorings, where they have ended before their time."""
        with watched(self._served.setdefault(name, Served())):
            scoring = judge_later(judge, self._rows, self._pool)
        self._waiting.append(Begun(name, scoring))
        if self._at_once:
            self.settle()
        return scoring

    def now(self, judge: Judge) -> list[Judgement]:
        """The judgements of the kept judge, waited for."""
        with watched(self._served.setdefault(KEPT, Served())):
            return judge_rows(judge, self._rows, self._pool)

    def took(self) -> dict[str, Any]:
        """Calls and tokens of the initial and the kept judge (`judges`), and the calls of all scorings (`tested`)."""
        judges = {name: self._served[key].totals() for key, name in NAMED.items() if key in self._served}
        return {"judges": judges, "tested": len({key for each in self._served.values() for key in each.usage})}

    def see(self, step: Step) -> None:
        """A step, to be recorded with the scores of its judge where they were begun under its number."""
        self._waiting.append(step)
        while self._waiting and _ready(self._waiting[0]):
            self._take()

    def settle(self) -> None:
        """Waits for all. Raises what has ended them before their time."""
        while self._waiting:
            self._take()

    def leave(self) -> None:
        """When the run is stopped: keeps what is whole, and records the steps without the scores that are not."""
        while self._waiting:
            if isinstance(first := self._waiting[0], Begun) and not first.scoring.whole:
                self._waiting.popleft()
            else:
                self._take()

    def _take(self) -> None:
        """The first that waits, which stays where it was if it raises."""
        match self._waiting[0]:
            case Begun(name, scoring):
                self.found[name] = read(scoring.judge, self._rows, scoring.judgements())
            case step:
                self._record(step, self.found.get(str(step.number)))
        self._waiting.popleft()


def _ready(waiting: Begun | Step) -> bool:
    return isinstance(waiting, Step) or waiting.scoring.done
