"""What a RUN_OR_STUDY on the command line stands for: one run, or the finished cells of a study."""

from dataclasses import dataclass
from pathlib import Path

from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.studies.cells import cell_folder
from programs.studies.plan import Study
from programs.studies.write import study_in


@dataclass(frozen=True)
class Place:
    """One run; `study` is the folder and the plan of the study whose cell it is."""

    name: str
    folder: RunFolder
    study: tuple[Path, Study] | None = None


def places_of(runs: Path, name: str) -> list[Place]:
    """The runs behind a path, or a name under `runs`. Raises UserError where there are none."""
    for path in (Path(name), runs / name):
        if (path / "study.json").is_file():
            return _cells(path)
    try:
        return [Place(name, RunFolder.find(runs, name))]
    except UserError:
        raise UserError(
            f"there is no run or study '{name}' (no config.json or study.json in {Path(name)} or {runs / name})"
        ) from None


def _cells(path: Path) -> list[Place]:
    study = study_in(path)
    found = [(cell, cell_folder(path, cell)) for cell in study.cells()]
    places = [Place(cell.id, folder, (path, study)) for cell, folder in found if folder.finished]
    if not places:
        raise UserError(f"{path}: no cell of this study is finished: run it first")
    return places
