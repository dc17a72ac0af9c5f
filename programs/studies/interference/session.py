"""A session of `interference.py`: from a study's folder to what it costs, its numbers, and the study's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy

from programs.errors import CannotWrite, UserError
from programs.optimizer.cast import check_lms
from programs.optimizer.pricing import budget_of
from programs.records.budget import OutOfBudget
from programs.records.calls import CallLog
from programs.records.folder import RunFolder, make_folder, read_json, write_json
from programs.records.shared import SharedAnswers
from programs.screen import Screen
from programs.studies.cells import cell_folder
from programs.studies.consent import agreed
from programs.studies.cost import costs_of
from programs.studies.interference.experiment import Design, Experiment
from programs.studies.interference.gather import Gathered, gather
from programs.studies.interference.measure import measure, texts
from programs.studies.interference.record import FILE, merge, read_record
from programs.studies.interference.scorer import Scorer
from programs.studies.plan import Study, continued
from programs.studies.progress import CellScreen
from programs.studies.write import write_results

LIMITS = ("max_calls", "max_tokens", "max_minutes", "max_cost")


def interference_from_flags(given: Mapping[str, Any]) -> int:
    """Measures, or measures again (which costs nothing), and writes interference.json and the tables."""
    flags = dict(given)
    path = found_study(Path(flags.pop("runs_dir", "runs")), flags.pop("study"))
    design = Design(
        flags.pop("selection", Design.selection), flags.pop("metric", Design.metric), flags.pop("pairs", "on") == "on"
    )
    rows, sure = flags.pop("rows", None), flags.pop("yes", False)
    limits = {name: flags.pop(name, None) for name in LIMITS}
    study = continued(read_json(path / "study.json"), flags, path / "study.json")
    read_record(path)  # a damaged one is refused before anything is spent
    session = Session(path, study, gather(path, study, rows), limits)
    missing = session.missing(design)
    if missing and not agreed(f"at most {missing:,} LM calls: judge {missing:,}; all else is paid for", sure):
        return 0
    if missing:
        check_lms(session.settings)
    return session.run(design)


def found_study(runs: Path, name: str) -> Path:
    """The study's folder: a path, or a name under `runs`."""
    for path in (Path(name), runs / name):
        if (path / "study.json").is_file():
            return path
    raise UserError(f"there is no study '{name}' (no {Path(name) / 'study.json'} and none under {runs})")


class Session:
    """The experiments of a study, and everything that was paid for in it."""

    def __init__(self, path: Path, study: Study, gathered: Sequence[Gathered], limits: Mapping[str, Any]) -> None:
        self.path = path
        self.study = study
        self.gathered = gathered
        self.settings = next(iter(gathered[0].settings.values()))
        self.budget = budget_of(replace(self.settings, **limits))
        self.calls = path / "interference" / "calls.jsonl"

    def missing(self, design: Design) -> int:
        """The most requests that nobody has paid for yet: exact where the selection needs none of them."""
        calls = CallLog(shared=self._answers(with_own=True))
        calls.known_only = True
        screen = Screen(quiet=True)
        return sum(_missing(one.experiment, design, self._scorer(one, calls, screen)) for one in self.gathered)

    def run(self, design: Design) -> int:
        """Returns the exit code. A reached budget or Ctrl-C keeps what was paid for; the same command continues."""
        with RunFolder(self.path), Screen() as screen:
            try:
                found = self._measured(design, screen)
            except (dspy.LMError, KeyboardInterrupt, CannotWrite) as stop:
                screen.say("what was paid for is kept: run the same command again to continue")
                if not isinstance(stop, OutOfBudget):
                    raise
                screen.result(f"stopped, and nothing reported: {stop}")
                return 0
            write_json(self.path / FILE, merge(read_record(self.path), found, costs_of(self.calls)))
            for file in [self.path / FILE, *write_results(self.path, self.study)]:
                screen.result(f"written: {file}")
        return 0

    def _measured(self, design: Design, screen: Screen) -> list[dict[str, Any]]:
        make_folder(self.calls.parent)
        calls = CallLog(self.calls, keep_prompts=self.settings.save_prompts, shared=self._answers())
        try:
            return [self._one(one, design, calls, screen) for one in self.gathered]
        except OutOfBudget as end:
            raise calls.failing or end from None  # the retries of an LM that fails use the budget up too
        finally:
            calls.close()

    def _one(self, one: Gathered, design: Design, calls: CallLog, screen: Screen) -> dict[str, Any]:
        name = f"{one.experiment.task}, gate {one.experiment.gate}"
        screen.say(f"{name}: {len(one.experiment.rows)} of {one.experiment.untouched} untouched rows")
        row = CellScreen(screen, name)
        row.expect(len(one.experiment.rows))
        return measure(one.experiment, design, self._scorer(one, calls, row))

    def _scorer(self, one: Gathered, calls: CallLog, screen: Screen) -> Scorer:
        return Scorer(one.task, one.settings, calls, self.budget, screen)

    def _answers(self, *, with_own: bool = False) -> SharedAnswers:
        shared = SharedAnswers()
        for cell in self.study.cells() if self.settings.reuse == "on" else ():
            shared.add(cell_folder(self.path, cell).calls)
        if with_own:
            shared.add(self.calls)
        return shared


def _missing(experiment: Experiment, design: Design, scorer: Scorer) -> int:
    prompts = experiment.prompts(texts(experiment.select(scorer, design)), design)
    settled = not scorer.missing  # else other rubrics may be selected once all is answered
    for rubric in (*prompts.unselected, *(prompts.of_selected if settled else ())):
        scorer.scores(experiment.seed, rubric, experiment.rows)
    return scorer.missing + (0 if settled else len(prompts.of_selected) * len(experiment.rows))
