"""The same with MLflow itself: a file store, a database file, and a server on 127.0.0.1 that is killed in the end."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from programs import optimize, report
from programs.tracking.client import open_store
from programs.tracking.place import place_of
from programs.tracking.store import Measure
from tests.commands import refused, run
from tests.fake import FakeEngine
from tests.stub_server import stub_server
from tests.tracking.test_tracking import played_by, read, steps_of

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),  # MLflow's own, of SQLAlchemy 2.1
]

Start = Callable[..., int]
WAIT = 120.0
"""Seconds in which a server must answer: it imports much, and a test machine may be busy."""


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return lambda *arguments: run(optimize.main, *arguments, monkeypatch=monkeypatch)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A URI."""
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'runs.db'}"


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server's URL, and its process."""
    if find_spec("flask") is None:
        pytest.skip("only mlflow-skinny is installed: the server is in mlflow")
    files, port = tmp_path_factory.mktemp("server"), free_port()
    flags = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", database]
    with (files / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *flags, "--artifacts-destination", str(files)],
            stdout=log,
            stderr=log,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"},
            start_new_session=True,
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/health", process, files / "log")
        yield f"http://127.0.0.1:{port}", process
    finally:
        end(process)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + WAIT
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server does not answer: {log.read_text()[-2000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """The server with its workers, which are of its session."""
    if process.poll() is None:
        os.killpg(process.pid, 9)
    process.wait(30)


def logged_at(uri: str, folder: Path) -> Any:
    """MLflow's run of the folder, and the client."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    (entry,) = read(folder / "mlflow.json")
    return client.get_run(entry["run_id"]), client


def check_run(uri: str, folder: Path, tmp_path: Path, experiment: str = "custom") -> None:
    """What MLflow gives back is what the files say."""
    logged, client = logged_at(uri, folder)
    steps, summary, config = steps_of(folder), read(folder / "summary.json"), read(folder / "config.json")
    assert (logged.info.run_name, logged.info.status) == ("one", "FINISHED")
    assert client.get_experiment(logged.info.experiment_id).name == experiment
    assert logged.info.start_time <= logged.info.end_time
    assert (logged.data.params["data_hash"], logged.data.params["mode"]) == (config["data"], "SSC")
    tested = client.get_metric_history(logged.info.run_id, "test/pooled/mae/polite")
    assert [(each.step, each.value) for each in tested] == [
        (step["step"], step["scores"]["mae"]["polite"]) for step in steps if step["scores"]
    ]
    calls = client.get_metric_history(logged.info.run_id, "calls/all")
    assert [(each.step, each.value) for each in calls] == [
        (place, sum(step["spent"]["calls"] for step in steps[: place + 1])) for place in range(3)
    ]
    cell = summary["after"]["pooled"]["mae"]["helpful"]
    wanted = {"": cell["value"], ".low": cell["low"], ".high": cell["high"], ".n": cell["n"]}
    assert {suffix: logged.data.metrics[f"after/pooled/mae/helpful{suffix}"] for suffix in wanted} == wanted
    for name in ("judge.json", "summary.json", "report.html"):
        found = client.download_artifacts(logged.info.run_id, name, str(tmp_path))
        assert Path(found).read_bytes() == (folder / name).read_bytes()
    rubrics = {each.path for each in client.list_artifacts(logged.info.run_id, "rubrics")}
    assert rubrics == {f"rubrics/step-{place:03}.json" for place in range(3)}
    text = Path(client.download_artifacts(logged.info.run_id, "rubrics/step-002.json", str(tmp_path))).read_text()
    assert json.loads(text)["rubric"] == steps[2]["rubric"]


def test_a_run_in_a_file_store(
    base: list[str],
    folder: Path,
    tmp_path: Path,
    engine: FakeEngine,
    start: Start,
    capfd: pytest.CaptureFixture[str],
) -> None:
    uri = (tmp_path / "a store").as_uri()
    assert start(*base, "--mlflow", uri) == 0
    check_run(uri, folder, tmp_path)
    printed = capfd.readouterr()
    assert "recommends sqlite:///FILE.db" in printed.err
    assert "mlflow.org" not in printed.out + printed.err


def test_a_run_in_a_database_file_keeps_its_files_beside_it(
    base: list[str],
    folder: Path,
    tmp_path: Path,
    database: str,
    engine: FakeEngine,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert start(*base, "--mlflow", database) == 0
    check_run(database, folder, tmp_path)
    logged, _ = logged_at(database, folder)
    beside = Path(database.removeprefix("sqlite:///")).parent
    assert (beside / "mlartifacts" / logged.info.run_id / "artifacts" / "judge.json").is_file()
    assert not (tmp_path / "mlruns").exists()


def test_more_than_a_requests_metrics_and_names_of_other_alphabets_arrive(tmp_path: Path) -> None:
    store = open_store(place_of((tmp_path / "store").as_uri(), "many"))
    run_id = store.begin("one", {}, 1000)
    names = [f"after/pooled/mae/höflich_{number}.low" for number in range(1700)]
    store.log(run_id, [Measure(name, 0.5, 0, 1000) for name in names], {"a": "b"}, {"c": "d" * 9000})
    known = store.known(run_id)
    assert known is not None
    assert (known.tags["a"], known.status) == ("b", "RUNNING")
    from mlflow import MlflowClient

    logged = MlflowClient(tracking_uri=store.place.uri).get_run(run_id)
    assert set(logged.data.metrics) == set(names)
    assert logged.data.params["c"] == "d" * 6000


def test_a_run_that_is_gone_or_deleted_is_not_known(tmp_path: Path) -> None:
    store = open_store(place_of((tmp_path / "store").as_uri(), "gone"))
    run_id = store.begin("one", {}, 1000)
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=store.place.uri).delete_run(run_id)
    assert store.known(run_id) is None
    assert store.known("0" * 32) is None


def test_a_deleted_experiment_is_refused(
    base: list[str], tmp_path: Path, engine: FakeEngine, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = (tmp_path / "store").as_uri()
    open_store(place_of(uri, "custom"))
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    client.delete_experiment(client.get_experiment_by_name("custom").experiment_id)
    assert start(*base, "--mlflow", uri) == 2
    refused("--mlflow-experiment custom was deleted", tmp_path, engine, capsys)


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_server_that_is_not_there_is_said_within_seconds(
    scheme: str,
    base: list[str],
    tmp_path: Path,
    engine: FakeEngine,
    start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = time.monotonic()
    assert start(*base, "--mlflow", f"{scheme}://me:secret-word@127.0.0.1:{free_port()}/x") == 2
    assert time.monotonic() - begun < 10
    printed = capsys.readouterr()
    assert "cannot be used" in printed.err
    assert printed.err.count("\n") == 1
    assert "secret-word" not in printed.err
    assert not (tmp_path / "runs").exists()
    assert not engine.asked


def test_a_server_that_is_no_mlflow_is_refused(
    base: list[str], tmp_path: Path, engine: FakeEngine, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    with stub_server() as other:
        assert start(*base, "--mlflow", other.url) == 2
    refused("cannot be used", tmp_path, engine, capsys)


def test_a_run_on_a_server_and_a_server_that_dies(
    base: list[str],
    folder: Path,
    tmp_path: Path,
    database: str,
    server: tuple[str, subprocess.Popen[bytes]],
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one test, since a server takes long to start."""
    url, process = server
    flags = ["--mlflow", url, "--mlflow-experiment", "served"]
    played_by(monkeypatch, FakeEngine())
    assert start(*base, *flags) == 0
    check_run(url, folder, tmp_path, "served")
    logged, _ = logged_at(url, folder)
    where = f"{url}/#/experiments/{logged.info.experiment_id}/runs/{logged.info.run_id}"
    assert f"tracking: {where}\n" in capsys.readouterr().err
    assert run(report.main, folder, "--mlflow", database, *flags[2:], monkeypatch=monkeypatch) == 2
    assert "a server keeps the files of the experiment served: give its address" in capsys.readouterr().err

    played_by(monkeypatch, FakeEngine(reply=lambda asked: end(process) if asked.stage == "rewrite" else None))
    assert start(*base, "--run", "two", *flags) == 0
    assert f"python programs/report.py {folder.with_name('two')} --mlflow {url}" in capsys.readouterr().err
    for name in ("steps.jsonl", "judge.json", "scores.json"):
        assert (folder.with_name("two") / name).read_bytes() == (folder / name).read_bytes()
