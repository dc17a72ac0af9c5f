"""Where a run is tracked: MLflow's URIs, checked before anything is spent, and never shown or kept with a password."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from programs.errors import UserError, suggest
from programs.failures import masked

SCHEMES = ("file", "sqlite", "http", "https", "postgresql", "mysql", "mssql", "databricks")
FORMS = "http://HOST:PORT, sqlite:///FILE.db or file:///FOLDER"


@dataclass(frozen=True)
class Place:
    """An experiment of an MLflow store. `uri` may hold a password: people and files get `shown`."""

    uri: str = field(repr=False)
    experiment: str

    @property
    def shown(self) -> str:
        return masked(self.uri)

    @property
    def scheme(self) -> str:
        return _scheme(self.uri)

    @property
    def file(self) -> Path:
        """The database file of a sqlite URI."""
        return Path(self.uri.removeprefix("sqlite:///").partition("?")[0])


def place_of(uri: str, experiment: str) -> Place:
    """Raises UserError for what MLflow would misread, or could not write to. Paths become absolute: runs move on."""
    scheme = _scheme(uri)
    if scheme not in SCHEMES or (":/" not in uri and scheme not in ("file", "databricks")):
        raise UserError(f"--mlflow '{masked(uri)}' is no place that MLflow knows: write {FORMS}{_nearest(uri)}")
    if not experiment.strip():
        raise UserError("--mlflow-experiment is empty: give a name, or leave the flag out")
    if scheme == "file":
        return Place(_folder(uri), experiment)
    return Place(_database(uri) if scheme == "sqlite" else uri, experiment)


def _scheme(uri: str) -> str:
    return uri.partition(":")[0].partition("+")[0].lower()


def _nearest(uri: str) -> str:
    if re.fullmatch(r"[\w.-]+:\d+(/\S*)?", uri):
        return f"; did you mean http://{uri}?"
    return suggest(_scheme(uri), SCHEMES) if ":" in uri else f"; did you mean file://{Path(uri).absolute()}?"


def _folder(uri: str) -> str:
    path = Path(unquote(uri.removeprefix("file:").removeprefix("//"))).resolve()
    above = next(each for each in (path, *path.parents) if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(f"--mlflow {uri}: cannot write to {above}: give a folder that can be made and written to")
    return path.as_uri()


def _database(uri: str) -> str:
    file, mark, options = uri.removeprefix("sqlite:///").partition("?")
    if not uri.startswith("sqlite:///") or not file or file == ":memory:":
        raise UserError(f"--mlflow {uri} names no file: write sqlite:///FILE.db, or sqlite:////PATH/FILE.db")
    path = Path(file).resolve()
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"--mlflow {uri}: cannot write {path}: give a file in a folder that exists and is writable")
    return f"sqlite:///{path}{mark}{options}"
