"""Scores of new texts by a compiled judge, beside the input's columns (`score.py`): row by row, and resumable."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import dspy

from programs.applying.abstaining import abstention_from, show_abstention
from programs.applying.columns import Columns, count_scores
from programs.applying.judging import asking_probabilities, read_as, show_fallback, tell_reuse
from programs.applying.part import Part
from programs.applying.target import read_for, writable
from programs.backends.roles import Roles
from programs.command import LM_FAILURE
from programs.errors import UserError
from programs.optimizer.cast import cast_roles, role_lm
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.pricing import budget_of
from programs.optimizer.saved import judge_mark, load_judge
from programs.optimizer.scoring import judge_in_order, judge_rows, silence
from programs.records.budget import OutOfBudget
from programs.records.calls import CallLog
from programs.records.spending import carried
from programs.report_tables import show_calls, show_failures
from programs.screen import Screen, token_sum
from programs.settings import Settings, resolve
from programs.tasks.markers import marker_words
from programs.tasks.texts import Texts, open_texts
from signatures.records import Judgement

BLOCK = 1_000
"""Rows whose calls share a log: their replies are in memory together, and a block waits for its last calls."""


def score_from_flags(given: Mapping[str, Any]) -> int:
    """Scores of new texts, beside the input's columns; empty where unscored. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("saved"), flags.pop("out")
    wanted, risk, curve = flags.pop("probabilities", "auto"), flags.pop("abstain", None), flags.pop("curve", None)
    settings = resolve(flags)
    lm = role_lm(settings, "judge")
    judge = asking_probabilities(read_as(load_judge(path), flags), wanted, lm)
    target = writable(out, path, *read_for(settings, judge.task))
    abstention = abstention_from(path, curve, risk, judge, lm)
    texts = open_texts(judge.task, settings.data)
    columns = Columns(texts.columns, judge, abstention)
    budget = budget_of(settings)
    roles = cast_roles(settings, CallLog(reuse=settings.reuse == "on"), budget)
    with Part(target, _asked(texts, columns, settings, lm), [*columns.own, *columns.names]) as part:
        if part.record is not None:
            Screen().say("scored already by this command: nothing is asked (remove the file to score again)")
        else:
            if abstention is not None:
                show_abstention(abstention, Screen())
            carried(budget, part.logs)
            if not Scoring(texts, columns, settings, roles, part).whole():
                return LM_FAILURE
            part.finish({"rows": part.rows, "scores": count_scores(part.scored, judge)})
        _show(part, judge, roles, out)
    return 0


class Scoring:
    """The rows of `texts` that `part` has not yet, judged block by block and written in order."""

    def __init__(self, texts: Texts, columns: Columns, settings: Settings, roles: Roles, part: Part) -> None:
        self.texts = texts
        self.columns = columns
        self.settings = settings
        self.roles = roles
        self.part = part
        self.waiting: list[tuple[str, Judgement]] = []
        self.silent = part.rows == 0
        self.block = part.rows // BLOCK
        self.rows = texts.rows(self.block * BLOCK)
        self.known = part.known(self.block) if settings.reuse == "on" else None

    def whole(self) -> bool:
        """Scores all rows; False where a limit of the budget ended it before. Raises LMError and KeyboardInterrupt."""
        with Screen() as screen, self.roles.playing("judge"), _no_cache_in_memory():
            self._announce(screen)
            try:
                while self.part.rows + len(self.waiting) < self.texts.count:
                    self._score_block(screen)
                self.roles.refuse_trouble("judge")
                self._flush()
            except KeyboardInterrupt:
                self._write_known()
                raise
            except OutOfBudget as limit:
                if self.roles.calls.failing is not None:  # its retries used the budget up
                    raise self.roles.calls.failing from None
                screen.say(f"stopped: {limit}")
                return False
            finally:
                self.roles.calls.close()
                if self.part.rows < self.texts.count:
                    screen.say(f"{self.part.rows} of {self.texts.count} rows are written; the same command goes on")
        return True

    def _score_block(self, screen: Screen) -> None:
        start, log = self.block * BLOCK, self.part.calls(self.block)
        if not (rows := list(islice(self.rows, BLOCK))):
            raise UserError(f"--data: has lost rows since it was opened, when it had {self.texts.count}; give it anew")
        self.roles.calls.turn_to(log, self.known)
        pool = Pool(self.settings.threads, screen.started)
        screen.at(f"rows {start + 1}-{start + len(rows)} of {self.texts.count}")
        with closing(judge_in_order(self.columns.judge, [row for _, row in rows], pool)) as judgements:
            for number, ((raw, _), judgement) in enumerate(zip(rows, judgements, strict=True), start=start):
                if number >= self.part.rows + len(self.waiting):
                    self._write(self.columns.line(raw, judgement), judgement)
        if self.silent:
            raise silence()
        if self.known is not None:
            self.known.add(log)
        self.block += 1

    def _write_known(self) -> None:
        """After Ctrl-C, which may strike anywhere: the next rows whose calls have all ended. Without `reuse` an answer
        belongs to its place, so there they wait for the next session."""
        calls = self.roles.calls
        self.part.recount()
        self.waiting.clear()
        calls.known_only = True
        for raw, row in self.texts.rows(self.part.rows) if calls.reuse else ():
            (judgement,) = judge_rows(self.columns.judge, [row], Pool(1))
            if calls.unanswered:
                return
            self._write(self.columns.line(raw, judgement), judgement)

    def _write(self, line: str, judgement: Judgement) -> None:
        """The next row, once any row has a score: of a backend that says nothing, no row is kept. Nor is one without a
        reply, until another call is answered: the server may have gone, and a later session can score it."""
        self.waiting.append((line, judgement))
        self.silent = self.silent and not any(_known(judgement.scores))
        if not self.silent:
            self._flush()

    def _flush(self) -> None:
        while self.waiting and (self.waiting[0][1].replied or not self.roles.in_trouble("judge")):
            self.part.add(self.waiting.pop(0)[0])

    def _announce(self, screen: Screen) -> None:
        left = self.texts.count - self.part.rows
        screen.tokens = lambda: token_sum(self.roles.calls.summary())
        if self.part.rows:
            screen.say(f"{self.part.rows} rows are scored already; finished calls are not repeated")
        screen.say(f"{left} rows, at most {left * self.columns.judge.calls_per_row} LM calls")
        if words := marker_words(self.texts.markers):
            screen.say(f"warning: {words}")
        screen.expect(left * self.columns.judge.calls_per_row)


@contextmanager
def _no_cache_in_memory() -> Iterator[None]:
    """DSPy's would hold every reply; the one on its disk goes on."""
    before, dspy.cache.enable_memory_cache = dspy.cache.enable_memory_cache, False
    try:
        yield
    finally:
        dspy.cache.enable_memory_cache = before


def _known(scores: Mapping[str, float | None]) -> list[bool]:
    return [score is not None for score in scores.values()]


def _asked(texts: Texts, columns: Columns, settings: Settings, lm: dspy.LM) -> dict[str, Any]:
    """What is scored, how and by what: a scoring goes on only where all of it is the same."""
    judge, abstention = columns.judge, columns.abstention
    return {
        "judge": judge_mark(judge),
        "--data": texts.mark,
        "LM": lm.model,
        "--readout": judge.readout,
        "--probabilities": "on" if judge.reads_tokens else "off",
        "--judge-temperature": settings.judge_temperature,
        "--seed": settings.seed,
        "--abstain": None if abstention is None else {"risk": abstention.risk, **abstention.thresholds},
    }


def _show(part: Part, judge: Judge, roles: Roles, out: str) -> None:
    assert part.record is not None, "it is finished"
    screen = Screen()
    kinds = ("rows", "scored", *(("abstained",) if part.asked["--abstain"] else ()), "unscored")
    counts: Mapping[str, Mapping[str, int]] = part.record["scores"]
    rows = [[name, *(str(count[kind]) for kind in kinds)] for name, count in counts.items()]
    screen.table("\nscored", ["criterion", *kinds], rows)
    unknown = sum(count["unknown"] for count in counts.values())
    if judge.readout != "digits":
        show_fallback(unknown, screen)
    elif unknown:
        screen.result(f"\nwithout token probabilities, and so without a confidence: {unknown} scores")
    if judge.forgoing:
        screen.result(f"the server refuses token probabilities, so they were asked for no more: {judge.forgoing[0]}")
    show_calls(roles.calls.summary(), screen)
    show_failures(roles.calls.failed(), screen)
    tell_reuse(roles.calls, screen)
    screen.result(f"written: {out} (how it was made: {out}.json)")
