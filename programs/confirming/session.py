"""A session of `confirm.py`: from a study's folder to one answer on its sealed rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dspy

from metrics.scores import Scores
from programs.confirm import MARGIN, ROWS
from programs.confirming.contrasts import arm_record, contrasts
from programs.confirming.opening import (
    FILE,
    Design,
    finished,
    last_opening,
    opened,
    require_leave,
    times_opened,
)
from programs.confirming.pace import Pace
from programs.confirming.panel import Panel, Side, panel_of
from programs.confirming.rivals import baselines, strongest
from programs.confirming.show import show, write_page
from programs.errors import CannotWrite, UserError
from programs.optimizer.cast import cast_roles, check_lms
from programs.optimizer.fan_out import Pool
from programs.optimizer.pricing import budget_of
from programs.optimizer.scoring import judge_rows, refuse_silence, scores_of
from programs.records.budget import Budget, OutOfBudget
from programs.records.calls import CallLog
from programs.records.folder import RunFolder, make_folder, sweep
from programs.records.served import Served, watched
from programs.records.spending import carried
from programs.screen import Screen, token_sum
from programs.stored import CHANGEABLE
from programs.studies.consent import agreed
from programs.studies.interference.session import LIMITS, found_study
from programs.studies.write import study_in
from programs.tasks.sealed import half_of

OPENING = ("primary", "against", "rows", "margin", "seed")
AUTO = "auto"
TIMING = "timing.json"


def confirm_from_flags(given: Mapping[str, Any]) -> int:
    """Opens the sealed rows, goes on with an opening, or shows it again. Returns the exit code."""
    flags = dict(given)
    path = found_study(Path(flags.pop("runs_dir", "runs")), flags.pop("study"))
    resume, again, sure = (flags.pop(name, False) for name in ("resume", "again", "yes"))
    wanted = {name: flags.pop(name) for name in OPENING if name in flags}
    limits = {name: flags.pop(name, None) for name in LIMITS}
    if wrong := [name for name in flags if name not in CHANGEABLE]:
        raise UserError(f"--{wrong[0].replace('_', '-')}: judges are asked as their runs did; leave the flag out")
    if resume and again:
        raise UserError("--resume goes on with the last opening and --again begins another: give one of them")
    require_leave(path, resume=resume, again=again)
    session = _session(path, wanted, flags, resume=resume)
    count = session.panel.most_calls(session.design.rows)
    rest = f"{count:,} LM calls: judge {count:,}; what an earlier session has paid for is not asked again"
    if not (resume and last_opening(path)["results"]) and not agreed(f"{session.plan}; at most {rest}", sure):
        return 0
    for side, *_ in session.panel.sides.values():  # an arm may have an LM of its own, whatever the seed
        check_lms(side.settings)
    return session.run(limits, resume=resume)


class Session:
    """One opening: its design, its judges, and its rows."""

    def __init__(self, path: Path, design: Design, panel: Panel, rows: Sequence[dspy.Example]) -> None:
        self.path = path
        self.design = design
        self.panel = panel
        self.rows = rows
        self.log = path / "confirmation" / "calls.jsonl"

    @property
    def plan(self) -> str:
        """What is about to be opened, in a sentence."""
        design, times = self.design, times_opened(self.path, self.design.task, self.design.data)
        before = f"; opened {times} times before" if times else ""
        return (
            f"{design.rows} sealed rows of {design.task}{before}: {design.primary} against "
            f"{', '.join(design.against)}, margin {design.margin:g}, {len(self.panel.every)} judges; "
            f"{self.panel.reference.words}"
        )

    def run(self, limits: Mapping[str, Any], *, resume: bool) -> int:
        """Writes down what is opened, asks, and reports. What was paid for is kept, whatever ends it."""
        with RunFolder(self.path), Screen() as screen:
            opened(self.path, self.design, resume=resume)
            try:
                results = self._results(limits, screen)
            except (dspy.LMError, KeyboardInterrupt, CannotWrite) as stop:
                screen.say("what was paid for is kept: run the same command with --resume to continue")
                if not isinstance(stop, OutOfBudget):
                    raise
                screen.result(f"stopped, and nothing reported: {stop}")
                return 0
            opening = finished(self.path, results)
            times = times_opened(self.path, self.design.task, self.design.data)
            show(opening, times, screen)
            for file in (self.path / FILE, write_page(self.path, opening, times)):
                screen.result(f"written: {file}")
        return 0

    def _results(self, limits: Mapping[str, Any], screen: Screen) -> dict[str, Any]:
        make_folder(self.log.parent)
        sweep(self.log.parent)
        first = self.panel.every[0].settings
        calls = CallLog(self.log, keep_prompts=first.save_prompts)
        screen.tokens = lambda: token_sum(calls.summary())
        screen.expect(len(self.rows) * sum(len(side.judge.heads) for side in self.panel.every))
        budget = carried(budget_of(replace(first, **limits)), [self.log])
        pace = Pace(self.log.parent / TIMING, lambda: sum(tally["calls"] for tally in calls.summary().values()))

        def scored(side: Side) -> tuple[Scores, Served]:
            with pace.of(side):
                return self._scored(side, calls, budget, screen)

        try:
            found = {arm: list(map(scored, sides)) for arm, sides in self.panel.sides.items()}
        except OutOfBudget as end:
            raise calls.failing or end from None  # the retries of an LM that fails use the budget up too
        finally:
            calls.close()
        scores = {arm: [each for each, _ in runs] for arm, runs in found.items()}
        seed, design = self.design.seed, self.design
        return {
            "rows": len(self.rows),
            "arms": {arm: arm_record(runs, seed) for arm, runs in scores.items()},
            "contrasts": contrasts(scores, self._pairs(), design.margin, seed),
            "reference": asdict(self.panel.reference),
            "judges": {arm: [served.totals() for _, served in runs] for arm, runs in found.items()},
            "seconds": {arm: list(map(pace.a_row, sides)) for arm, sides in self.panel.sides.items()},
            "calls": calls.summary(),
        }

    def _pairs(self) -> list[tuple[str, str]]:
        """The primary contrast first, then the primary arm against all others, and the rivals against the initial."""
        primary, rivals, initial = self.design.primary, self.design.against, self.panel.reference.arm
        others = [name for name in self.panel.sides if name not in (primary, *rivals)]
        pairs = [(primary, rival) for rival in (*rivals, *others)]
        return pairs + [(rival, initial) for rival in rivals if initial not in (rival, primary)]

    def _scored(self, side: Side, calls: CallLog, budget: Budget, screen: Screen) -> tuple[Scores, Served]:
        screen.at(f"{side.arm}, seed {side.seed}")
        roles, served = cast_roles(side.settings, calls, budget), Served()
        with roles.playing("judge"), watched(served):
            judgements = judge_rows(side.judge, self.rows, Pool(side.settings.threads, screen.started))
        roles.refuse_trouble("judge")
        refuse_silence(judgements)
        return scores_of(side.judge, self.rows, judgements), served


def _session(path: Path, wanted: Mapping[str, Any], changed: Mapping[str, Any], *, resume: bool) -> Session:
    """The opening that is wanted or, with `resume`, the last one, with what is wanted in place of what it says."""
    study = study_in(path)
    before = last_opening(path) if resume else {}
    own = {"rows": ROWS, "margin": MARGIN, "seed": 0, **{name: before[name] for name in OPENING if before}}
    given = {name: value for name, value in wanted.items() if not (before and name == "against" and value == AUTO)}
    own |= {name: value.split(",") if name == "against" else value for name, value in given.items()}
    for name in ("primary", "against"):
        if name not in own:
            raise UserError(f"--{name} is missing: name the arms before the rows are opened (--help says how)")
    chosen, against = before.get("chosen"), [word.strip() for word in own["against"]]
    if against == [AUTO]:
        chosen = baselines(path, study, own["primary"])
        against = [strongest(chosen)]
    if own["primary"] in against or len(set(against)) < len(against):
        raise UserError(f"--against {','.join(against)}: name each arm once, and not the primary one")
    panel = panel_of(path, study, [own["primary"], *against], changed)
    rows = _sealed_rows(panel, own["rows"])
    return Session(path, _design(panel, own, against, chosen), panel, rows)


def _design(
    panel: Panel, own: Mapping[str, Any], against: Sequence[str], chosen: Mapping[str, float | None] | None
) -> Design:
    numbers = (own["rows"], own["margin"], own["seed"])
    return Design(panel.run.task.name, panel.run.data, own["primary"], tuple(against), *numbers, panel.digests, chosen)


def _sealed_rows(panel: Panel, count: int) -> list[dspy.Example]:
    """The first sealed rows, in the order that their hashes settle. Raises UserError where there are too few."""
    rows = half_of(panel.run.rows(), panel.run.task, "confirmation")
    if len(rows) < count:
        raise UserError(f"--rows {count}: task {panel.run.task.name} has {len(rows)} sealed rows; lower it")
    return rows[:count]
