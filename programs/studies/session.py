"""A session of `study.py`: from flags to a study's folder, the question before it spends, its cells and its tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from programs.command import LM_FAILURE
from programs.errors import CannotWrite, UserError
from programs.records.folder import RunFolder, make_folder, read_json, unused, write_json
from programs.records.provenance import provenance
from programs.screen import Screen
from programs.studies.cells import begun_configs, cell_folder, complete_costs
from programs.studies.consent import agreed
from programs.studies.engines.engine import Engine, engine_of
from programs.studies.plan import Study, continued, study_of
from programs.studies.prepare import Preparation, Ready, require_unchanged
from programs.studies.tracked import default_experiment, tracked_folders
from programs.studies.write import write_results
from programs.tasks.markers import marker_words
from programs.tracking.following import followed
from programs.tracking.session import Wish
from programs.tracking.store import Store


def study_from_flags(given: Mapping[str, Any]) -> int:
    """Starts a study, continues it, or makes a finished one's tables again. Returns the exit code."""
    flags = dict(given)
    wish = Wish.of(flags)
    runs, sure = Path(flags.pop("runs_dir", "runs")), flags.pop("yes", False)
    path, engine = runs / named(flags.pop("run", None)), engine_of(flags)
    study = _opened(path, flags)
    unfinished = [cell for cell in study.cells() if not cell_folder(path, cell).finished]
    preparation = Preparation({**engine.defaults, **study.settings}, study)
    waiting = [preparation.ready(cell) for cell in unfinished]
    require_unchanged(waiting, begun_configs(path, study.cells()))
    if waiting and not agreed(_estimate(study, waiting), sure):
        return 0
    store = wish.store(default_experiment(path, study), path)
    engine.check(waiting)
    return _run(path, study, waiting, engine, store)


def named(name: str | None) -> str:
    """The study's folder under the runs' one, by the rules of a run's name."""
    wanted = name if name is not None else f"study-{datetime.now():%Y%m%d-%H%M%S}"
    RunFolder.check_name(wanted)
    return wanted


def _opened(path: Path, flags: Mapping[str, Any]) -> Study:
    """The study of the flags, or that of the folder where there is one; no folder is made yet."""
    file = path / "study.json"
    if file.is_file():
        return continued(read_json(file), flags, file)
    if path.exists() and not unused(path):
        raise UserError(f"{path} exists and is not a study: use another --run name")
    return study_of(flags)


def _estimate(study: Study, waiting: Sequence[Ready]) -> str:
    by_role: dict[str, int] = {}
    for ready in waiting:
        for role, count in ready.estimate.items():
            by_role[role] = by_role.get(role, 0) + count
    listed = ", ".join(f"{role} {count:,}" for role, count in by_role.items() if count)
    every = len(study.cells())
    done = f", {every - len(waiting)} are finished" if len(waiting) < every else ""
    return f"at most {sum(by_role.values()):,} LM calls in {len(waiting)} of {every} cells{done}: {listed}"


def _run(path: Path, study: Study, waiting: Sequence[Ready], engine: Engine, store: Store | None) -> int:
    make_folder(path)
    with RunFolder(path), Screen() as screen:
        for task, words in {each.cell.task_name: marker_words(each.markers) for each in waiting}.items():
            if words:
                screen.say(f"warning: {task}: {words}")
        _write_plan(path / "study.json", study)
        with followed(store, tracked_folders(path, study), screen):
            try:
                failed = engine.run(path, study.cells(), waiting, screen) if waiting else {}
                complete_costs(path, study.cells())
            except (KeyboardInterrupt, CannotWrite):
                screen.say("what was paid for is kept: run the same command again to continue")
                raise
            _report(path, study, failed, screen)
    return LM_FAILURE if failed else 0


def _write_plan(file: Path, study: Study) -> None:
    """study.json, once, and again where the study has got further seeds or arms."""
    stored: dict[str, Any] = read_json(file) if file.is_file() else {"study": {}, **provenance()}
    plan, before = study.to_dict(), stored["study"]
    if any(list(before.get(name, ())) != list(plan[name]) for name in ("seeds", "arms")):
        write_json(file, {**stored, "study": plan})


def _report(path: Path, study: Study, failed: Mapping[str, str], screen: Screen) -> None:
    for name, reason in failed.items():
        screen.result(f"failed: {name}: {reason}")
    if failed:
        screen.result("run the same command again to continue the cells that failed")
    for file in write_results(path, study):
        screen.result(f"written: {file}")
