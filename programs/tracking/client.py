"""The store over MLflow's own client, imported only when it is asked for."""

import os
import socket
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from programs.errors import UserError
from programs.failures import failure_line
from programs.tracking.place import Place, masked
from programs.tracking.store import Known, Measure, Store

ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # what was not sent is sent with the next step
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # without it recent versions of MLflow refuse file: URIs
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_DISABLE_TELEMETRY": "true",  # it would be sent over the network
}
"""What the environment does not say otherwise."""

PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}

MOST = 800
"""Metrics in one request, of which MLflow takes 1000 with tags and parameters."""


def open_store(place: Place) -> Store:
    """Connects, and makes the experiment where there is none. Raises UserError within seconds where that fails."""
    if find_spec("mlflow") is None:
        raise UserError('--mlflow needs MLflow, which is not installed: pip install -e ".[mlflow]"')
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        _knock(place)
        return _connected(place)
    except UserError:
        raise
    except ImportError as error:
        raise UserError(f"--mlflow {place.shown} needs another package ({error}): install it with pip") from None
    except Exception as error:  # MLflow lets through what its stores raise
        raise UserError(
            f"--mlflow {place.shown} cannot be used ({reason_of(error, place)}): see that it is there, or use "
            "--mlflow off and send the run later with report.py RUN --mlflow URI"
        ) from None


def reason_of(error: BaseException, place: Place) -> str:
    """The error as a short line without a password; one with few words says its kind as well."""
    whole = masked(failure_line(error).replace(place.uri, place.shown))
    line = whole.rpartition("(Caused by ")[2]  # what requests wraps in the names of its classes
    return (line if " " in line else f"{type(error).__name__} {line}")[:300]


def _knock(place: Place) -> None:
    """Raises OSError where nobody listens at a database's address: MLflow itself would try for minutes."""
    if place.scheme in PORTS:
        address = urlsplit(place.uri)
        port = address.port or PORTS[place.scheme]
        socket.create_connection((address.hostname or "localhost", port), timeout=5).close()


def _connected(place: Place) -> "MlflowStore":
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=place.uri)
    found = client.get_experiment_by_name(place.experiment)
    if found is None:
        return MlflowStore(client, client.create_experiment(place.experiment, _artifacts(place)), place)
    if found.lifecycle_stage == "deleted":
        raise UserError(
            f"--mlflow-experiment {place.experiment} was deleted at {place.shown}: restore it, or give another name"
        )
    if found.artifact_location.startswith("mlflow-artifacts:") and not place.scheme.startswith("http"):
        raise UserError(
            f"--mlflow {place.shown}: a server keeps the files of the experiment {place.experiment}: give its "
            "address, http://HOST:PORT, or another --mlflow-experiment"
        )
    return MlflowStore(client, found.experiment_id, place)


def _artifacts(place: Place) -> str | None:
    """Where a new experiment keeps files: beside a database file (MLflow would take the working directory)."""
    return (place.file.parent / "mlartifacts").as_uri() if place.scheme == "sqlite" else None


class MlflowStore:
    """One experiment, through MLflow's client; see `Store`."""

    def __init__(self, client: Any, experiment_id: str, place: Place) -> None:
        self.place = place
        self._client = client
        self._experiment = experiment_id

    def begin(self, name: str, tags: Mapping[str, str], when: int) -> str:
        run = self._client.create_run(self._experiment, start_time=when, tags=dict(tags), run_name=name)
        return str(run.info.run_id)

    def known(self, run_id: str) -> Known | None:
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return Known(run.data.tags, run.info.status) if run.info.lifecycle_stage == "active" else None

    def log(self, run_id: str, measures: Sequence[Measure], tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        """In one request, or several where there are many metrics; the tags go with the last."""
        from mlflow.entities import Metric, Param, RunTag

        parts = [measures[start : start + MOST] for start in range(0, len(measures), MOST)] or [[]]
        for number, part in enumerate(parts, start=1):
            last = number == len(parts)
            self._client.log_batch(
                run_id,
                metrics=[Metric(each.name, each.value, each.when, each.step) for each in part],
                params=[Param(name, value) for name, value in params.items()] if last else [],
                tags=[RunTag(name, value) for name, value in tags.items()] if last else [],
            )

    def text(self, run_id: str, text: str, name: str) -> None:
        self._client.log_text(run_id, text, name)

    def file(self, run_id: str, path: Path) -> None:
        self._client.log_artifact(run_id, str(path))

    def turn(self, run_id: str, status: str, when: int) -> None:
        if status == "RUNNING":
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(run_id, status, when)

    def where(self, run_id: str) -> str:
        if self.place.scheme.startswith("http"):
            return f"{self.place.shown.rstrip('/')}/#/experiments/{self._experiment}/runs/{run_id}"
        return f"{self.place.shown}, experiment {self.place.experiment}, run {run_id}"
