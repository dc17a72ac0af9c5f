"""A session of `diagnose.py`: which runs, which rater, what it may cost, and what the person reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from programs.backends.names import prepare
from programs.command import LM_FAILURE
from programs.diagnostics.diagnosis import read_diagnosis
from programs.diagnostics.places import Place, places_of
from programs.diagnostics.show import show_diagnosis
from programs.diagnostics.subject import NoFeedback, Subject, rate, subject_of
from programs.errors import CannotWrite, UserError
from programs.optimizer.cast import role_lm
from programs.records.budget import OutOfBudget
from programs.records.shared import SharedAnswers
from programs.screen import Screen
from programs.studies.cells import FAILURES, failure_of
from programs.studies.write import write_results


def diagnose_from_flags(given: Mapping[str, Any]) -> int:
    """Rates every run that was named, and makes the tables of the studies again. Returns the exit code."""
    flags = dict(given)
    runs, names, limit = Path(flags.pop("runs_dir", "runs")), flags.pop("places"), flags.pop("limit", None)
    places = [place for name in names for place in places_of(runs, name)]
    subjects = _with_feedback(places, flags, limit)
    for lm in {subject.settings.lm: role_lm(subject.settings, "rater") for subject in subjects}.values():
        prepare(lm)
    with Screen() as screen:
        _announce(subjects, screen)
        try:
            failed = _rate_all(subjects, screen)
        except (KeyboardInterrupt, CannotWrite):
            screen.say("what was paid for is kept: run the same command again to continue")
            raise
        _report(subjects, failed, screen)
    return LM_FAILURE if failed else 0


def _with_feedback(places: Sequence[Place], flags: Mapping[str, Any], limit: int | None) -> list[Subject]:
    """The runs that can be rated. Cells of a study that write no feedback, such as controls, are passed over."""
    found, empty = [], []
    for place in places:
        try:
            found.append(subject_of(place, flags, limit))
        except NoFeedback as error:
            if place.study is None:
                raise
            empty.append(error)
    if not found:
        raise empty[0]
    return found


def _announce(subjects: Sequence[Subject], screen: Screen) -> None:
    calls = sum(subject.bound for subject in subjects)
    notes = sum(len(chosen) for subject in subjects for _, chosen in subject.steps)
    raters = ", ".join(dict.fromkeys(subject.settings.lm for subject in subjects))
    screen.say(f"{notes} notes of {len(subjects)} runs, rated by {raters}: at most {calls:,} LM calls")
    screen.expect(calls)


def _rate_all(subjects: Sequence[Subject], screen: Screen) -> dict[str, str]:
    """A run whose rating fails or ends its budget is reported and the others go on. Run name -> what failed."""
    failed: dict[str, str] = {}
    shared = SharedAnswers()  # the planted notes, and notes that several modes share, are paid for once
    for subject in subjects:
        shared.add(subject.place.folder.calls)
    for number, subject in enumerate(subjects, start=1):
        screen.at(f"{subject.place.name} ({number}/{len(subjects)})")
        try:
            rate(subject, screen, shared if subject.settings.reuse == "on" else None)
        except OutOfBudget as stop:
            screen.say(f"{subject.place.name}: {stop}; the same command continues it")
        except CannotWrite:
            raise  # no other run could be rated either
        except FAILURES as error:
            if isinstance(error, UserError) and len(subjects) == 1:
                raise
            failed[subject.place.name] = failure_of(error)
        finally:
            shared.add(subject.place.folder.calls)
    return failed


def _report(subjects: Sequence[Subject], failed: Mapping[str, str], screen: Screen) -> None:
    for subject in subjects:
        path = subject.place.folder.diagnostics
        if path.exists() and subject.place.study is None:
            show_diagnosis(read_diagnosis(path), screen)
            screen.result(f"written: {path}")
    for place in _studies([subject.place for subject in subjects]):
        for file in write_results(*place):
            screen.result(f"written: {file}")
    for name, reason in failed.items():
        screen.result(f"failed: {name}: {reason}")


def _studies(places: Sequence[Place]) -> list[tuple[Path, Any]]:
    found: dict[Path, Any] = {}
    for place in places:
        if place.study is not None:
            path, study = place.study
            found[path] = study
    return list(found.items())
