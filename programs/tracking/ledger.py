"""mlflow.json in the folder of a run or study: which MLflow runs it was sent to, so that it continues them."""

from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import read_json, write_json
from programs.tracking.place import Place

FILE = "mlflow.json"


def run_at(path: Path, place: Place) -> str | None:
    """The id of the MLflow run that the folder `path` has at this place."""
    return next((entry["run_id"] for entry in entries(path) if _same(entry, place)), None)


def remember(path: Path, place: Place, run_id: str) -> None:
    """Notes the run, as the latest; the URI without its password."""
    others = [entry for entry in entries(path) if not _same(entry, place)]
    latest = {"uri": place.shown, "experiment": place.experiment, "run_id": run_id}
    write_json(path / FILE, [*others, latest])


def entries(path: Path) -> list[dict[str, Any]]:
    """All notes, the latest last. Raises UserError where the file is damaged."""
    file = path / FILE
    if not file.exists():
        return []
    try:
        return [{key: str(entry[key]) for key in ("uri", "experiment", "run_id")} for entry in read_json(file)]
    except (UserError, KeyError, TypeError) as error:
        raise UserError(f"{file} is damaged ({error!r}): remove it, and a new MLflow run is begun") from None


def _same(entry: dict[str, Any], place: Place) -> bool:
    return (entry["uri"], entry["experiment"]) == (place.shown, place.experiment)
