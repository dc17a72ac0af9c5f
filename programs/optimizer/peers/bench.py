"""Where a peer's candidates are scored and its proposals asked for: paid once, counted, and never beyond its share.

DSPy's optimizers catch errors and go on with a score of zero, so the first failure is kept as `trouble` and raised
again on every later call: the search then ends in a moment, and `Peer` says what it ended of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import dspy
import orjson
from dspy._vendor.lm15.serde import request_to_dict  # no public name in 3.4
from dspy.lm15 import Request, Response

from metrics.agreement import Agreement
from programs.backends.metering import another_seed, reseeded
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.records.budget import OutOfBudget
from signatures.records import Judgement, Rubric


class ShareUsed(OutOfBudget):
    """Raised when the peer has used the calls that the textual-gradient run would have had. Its planned end."""

    default_code = "share_used"


@dataclass(frozen=True)
class Tried:
    """A candidate that was scored on all rows of choice: its mean agreement there, and how many scores were missing.

    A row without any score counts 0 in the mean, since these optimizers need a number for every row; `unscored` says
    how many scores (rows x criteria) that concerns at most.
    """

    rubric: Rubric
    judgements: Sequence[Judgement]
    agreement: float
    unscored: int


class Bench:
    """Scores rubrics with a judge's LM and answers a peer's questions, both from the run's roles.

    `rows` are those of choice (validation), `others` further ones that programs may be called with; `shares` the most
    calls by role; `tell` hears of every new one in `tried`. All candidates are scored by the initial judge's
    calibration: a fit of its own for each would take what the peer has for its search. The chosen one gets its own.
    """

    def __init__(
        self,
        judge: Judge,
        rows: Sequence[dspy.Example],
        others: Sequence[dspy.Example],
        roles: Roles,
        pool: Pool,
        shares: Mapping[str, int],
        tell: Callable[["Bench"], None] = lambda _: None,
    ) -> None:
        self.judge = judge
        self.rows = list(rows)
        self.rows_by_inputs = {self._inputs(row): row for row in [*others, *rows]}
        self.metric = Agreement(judge.task.criteria)
        self.tried: list[Tried] = []
        self.trouble: Exception | None = None
        self.left = dict(shares)
        self._score = roles.cast("judge", partial(judge_rows, pool=pool))
        self._roles = roles
        self._pool = pool
        self._tell = tell
        self._known: dict[tuple[tuple[str, ...], str], Judgement] = {}
        self._draws: dict[bytes, int] = {}

    def __deepcopy__(self, memo: object) -> "Bench":
        return self  # programs are copied for every candidate, the bench is the one place that counts

    def judged(self, rubric: Rubric, rows: Sequence[dspy.Example]) -> list[Judgement]:
        """The judge's scores of the rows under that rubric. Raises `ShareUsed`, or the trouble of an earlier call."""
        texts = tuple(rubric[name] for name in self.judge.task.criterion_names)
        wanted = {row["row_id"]: row for row in rows}  # GEPA fills a minibatch up with rows that are in it
        missing = [row for place, row in wanted.items() if (texts, place) not in self._known]
        if missing:
            judge = self.judge.with_rubric(rubric).with_calibration(self.judge.calibration)
            self._take("judge", len(missing) * len(judge.heads))
            for judgement in self._guarded(lambda: self._score(judge, missing)):
                self._known[texts, judgement.row] = judgement
        found = [self._known[texts, row["row_id"]] for row in rows]
        if {row["row_id"] for row in self.rows} <= {row["row_id"] for row in rows}:
            self._keep(rubric, found, rows)
        return found

    def answer(self, rubric: Rubric, inputs: Mapping[str, Any]) -> Mapping[str, float | None]:
        """The scores of one known row. A row of choice is scored together with all of them: that keeps the LM busy,
        though DSPy asks for one after the other."""
        row = self.rows_by_inputs[self._inputs(inputs)]
        chosen = any(row is each for each in self.rows)
        judgements = self.judged(rubric, self.rows if chosen else [row])
        return next(each.scores for each in judgements if each.row == row["row_id"])

    def compared(self, row: dspy.Example, judgement: Judgement) -> Any:
        """A row's agreement with the raters, as `metrics.agreement.Agreement` gives it."""
        return self.metric(row, judgement.scores)

    def ask(self, request: Request) -> Response:
        """A proposal from the LM of the role `rewrite`, at its temperature. Asked again, it is drawn anew."""
        lm = self._roles.lms["rewrite"]
        options = {"temperature": lm.kwargs.get("temperature"), "seed": lm.kwargs.get("seed")}
        request = replace(request, config=replace(request.config, **options))
        content = orjson.dumps(request_to_dict(request), option=orjson.OPT_SORT_KEYS)
        draw = self._draws.get(content, 0)
        self._draws[content] = draw + 1
        if draw:
            lm = reseeded(lm, draw)
            if request.config.seed is not None:
                request = replace(request, config=replace(request.config, seed=another_seed(options["seed"], draw)))
        self._take("rewrite", 1)
        with self._roles.playing("rewrite"):
            return self._guarded(lambda: self._pool.map("rewrite", lambda each: lm(each), [request]))[0]

    @property
    def best(self) -> Rubric:
        """The best rubric so far by mean agreement; ties go to the earlier, and the initial one to none."""
        return max(self.tried, key=lambda one: one.agreement).rubric if self.tried else self.judge.rubric

    def _inputs(self, row: Mapping[str, Any] | dspy.Example) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.judge.task.input_names)

    def _keep(self, rubric: Rubric, judgements: Sequence[Judgement], rows: Sequence[dspy.Example]) -> None:
        if any(one.rubric == rubric for one in self.tried):
            return
        results = [self.compared(row, each) for row, each in zip(rows, judgements, strict=True)]
        unscored = sum(score is None for each in judgements for score in each.scores.values())
        mean = sum(float(result.score) for result in results) / len(results)
        self.tried.append(Tried(dict(rubric), judgements, mean, unscored))
        self._tell(self)

    def _take(self, role: str, count: int) -> None:
        if self.trouble is not None:
            raise self.trouble
        if count > self.left[role]:
            self.trouble = ShareUsed(f"the share of {role} calls is used")
            raise self.trouble
        self.left[role] -= count

    def _guarded(self, send: Callable[[], Any]) -> Any:
        try:
            return send()
        except Exception as error:
            self.trouble = error
            raise
