"""What reaches a tracking store, when, and that a run never depends on it. The store is a fake."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs import optimize, report
from programs.tracking.place import masked
from tests.commands import NAMES, refused, run
from tests.fake import Asked, FakeEngine, fake_lm
from tests.tracking.fake import FakeRun, FakeStore

URI = "http://tracker:secret-word@127.0.0.1:5000"
TRACKED = ["--mlflow", URI]
RESULTS = ("config.json", "judge.json", "scores.json", "steps.jsonl", "summary.json")

Start = Callable[..., int]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return lambda *arguments: run(optimize.main, *arguments, monkeypatch=monkeypatch)


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Start:
    return lambda *arguments: run(report.main, *arguments, monkeypatch=monkeypatch)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def steps_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]


def played_by(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> FakeEngine:
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


def test_a_run_is_logged_with_its_settings_steps_result_and_files(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    assert start(*base, *TRACKED, "--gate", "mae", "--accept", "not_worse") == 0
    logged, config = store.run, read(folder / "config.json")
    assert (logged.name, logged.status) == ("one", "FINISHED")
    assert store.opened[0].experiment == "custom"
    assert {name: logged.params[name] for name in ("gate", "steps", "task", "criteria", "data_hash")} == {
        "gate": "mae", "steps": "2", "task": "custom", "criteria": "helpful:1-5,polite:0-3",
        "data_hash": config["data"],
    }  # fmt: skip
    given = {name: str(value) for name, value in config["settings"].items() if value is not None and name != "criteria"}
    assert given.items() <= logged.params.items() | {("task", "custom")}
    assert logged.params["version.dspy"] == config["versions"]["dspy"]
    assert set(logged.artifacts) == {
        "judge.json", "summary.json", "report.html", *(f"rubrics/step-00{step}.json" for step in range(3)),
    }  # fmt: skip
    for name in ("judge.json", "summary.json", "report.html"):
        assert logged.artifacts[name] == (folder / name).read_text()
    check_steps(logged, folder, "mae")
    check_result(logged, folder)


def check_steps(logged: FakeRun, folder: Path, gate: str) -> None:
    """Every value of steps.jsonl, found by a loop of its own."""
    steps = steps_of(folder)
    for name in NAMES:
        wanted = [(step["step"], step["validation"][name]) for step in steps]
        assert logged.history(f"validation/pooled/{gate}/{name}") == [pair for pair in wanted if pair[1] is not None]
        accepted = [(step["step"], float(step["gate"][0]["kept"])) for step in steps[1:]]
        assert logged.history(f"accepted/{name}") == accepted
        for metric in ("spearman", "mae"):
            tested = [(step["step"], step["scores"][metric][name]) for step in steps if step["scores"] is not None]
            assert logged.history(f"test/pooled/{metric}/{name}") == [pair for pair in tested if pair[1] is not None]
    whole = [each for each in steps if None not in each["validation"].values()]  # an undefined one has no mean
    means = [(each["step"], sum(each["validation"].values()) / 2) for each in whole]
    assert logged.history(f"validation/pooled/{gate}/mean") == means
    for step in steps:
        text = json.loads(logged.artifacts[f"rubrics/step-{step['step']:03}.json"])
        assert text == {name: step[name] for name in ("rubric", "proposal", "refused", "gate")}


def check_result(logged: FakeRun, folder: Path) -> None:
    summary = read(folder / "summary.json")
    for part in ("before", "after", "difference"):
        for metric in ("spearman", "mae"):
            for name, cell in summary[part]["pooled"][metric].items():
                for suffix, key in (("", "value"), (".low", "low"), (".high", "high"), (".n", "n")):
                    wanted = [] if cell["value"] is None or cell[key] is None else [(2, float(cell[key]))]
                    assert logged.history(f"{part}/pooled/{metric}/{name}{suffix}") == wanted
        assert logged.history(f"{part}/unscored/polite") == [(2, 0.0)]
    assert logged.history("before/by_document/spearman/mean.n") or not logged.history(
        "before/by_document/spearman/mean"
    )
    assert "| helpful |" in logged.tags["mlflow.note.content"]
    assert logged.tags["judgegrad.stopped"] == "no"


def test_calls_and_tokens_by_role_add_up_to_the_log(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    assert start(*base, *TRACKED) == 0
    calls = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    for name in ("prompt_tokens", "completion_tokens"):
        sums: Counter[str] = Counter()
        for call in calls:
            sums[call["role"]] += call["usage"][name]
            sums["all"] += call["usage"][name]
        for role, count in sums.items():
            assert store.run.history(f"whole_run/{name}/{role}") == [(2, float(count))]
    asked = {role: count for role, count in engine.counts().items() if count}
    for role, count in {**asked, "all": len(engine.asked)}.items():
        assert store.run.history(f"whole_run/calls/{role}") == [(2, float(count))]
        by_step = [value for _, value in store.run.history(f"calls/{role}")]
        assert by_step == sorted(by_step)
        assert by_step[-1] <= count
    assert store.run.history("calls/rewrite")[-1] == (2, 2.0)  # all rewrites are of the steps
    assert store.run.history("calls/loss")[-1][1] == asked["loss"]


def test_steps_arrive_while_the_run_goes_on(
    base: list[str], store: FakeStore, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step is recorded when its test rows are scored, which goes on beside the next one."""
    rewrites, seen = [], []

    def watch(asked: Asked) -> None:
        if asked.stage == "rewrite":
            rewrites.append(asked)
        if asked.stage == "rewrite" and len(rewrites) == 2:
            seen.append(store.wait_for("calls/all", 0))

    played_by(monkeypatch, FakeEngine(reply=watch))
    assert start(*base, *TRACKED) == 0
    assert seen == [True]


@pytest.mark.parametrize(("method", "steps"), [(["--optimizer", "copro"], True), (["--control", "ensemble"], False)])
def test_peers_and_controls_are_logged_too(
    method: list[str], steps: bool, base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    assert start(*base, *TRACKED, *method) == 0
    assert store.run.status == "FINISHED"
    numbers = [step["step"] for step in steps_of(folder)]
    assert bool(numbers) == steps
    assert [step for step, _ in store.run.history("calls/all")] == numbers
    assert store.run.params[method[0].strip("-")] == method[1]
    mean = read(folder / "summary.json")["after"]["pooled"]["mae"]["mean"]["value"]
    assert store.run.history("after/pooled/mae/mean") == [(numbers[-1] if steps else 0, mean)]


def test_a_run_older_than_calls_by_role_has_their_sum(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start, send: Start
) -> None:
    assert start(*base) == 0
    steps = steps_of(folder)
    for step in steps:
        step["spent"] = {name: step["spent"][name] for name in ("calls", "prompt_tokens", "completion_tokens")}
    (folder / "steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
    assert send(folder, *TRACKED) == 0
    sums = [sum(step["spent"]["calls"] for step in steps[: place + 1]) for place in range(3)]
    assert store.run.history("calls/all") == list(enumerate(map(float, sums)))
    assert not store.run.history("calls/judge")


def test_a_resumed_run_goes_on_in_its_mlflow_run_and_logs_nothing_twice(
    base: list[str], folder: Path, store: FakeStore, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrites: list[Asked] = []

    def interrupt(asked: Asked) -> None:
        if asked.stage == "rewrite":
            rewrites.append(asked)
        if len(rewrites) == 2 and store.wait_for("calls/all", 0):
            raise KeyboardInterrupt

    played_by(monkeypatch, FakeEngine(reply=interrupt))
    uri = "http://127.0.0.1:5000"
    assert start(*base, "--mlflow", uri) == 130
    assert store.run.status == "KILLED"
    before = list(store.run.measures)
    played_by(monkeypatch, FakeEngine())
    assert start("--resume", folder) == 0
    assert [place.uri for place in store.opened] == [uri, uri]
    assert store.run.status == "FINISHED"
    assert store.run.measures[: len(before)] == before
    assert [step for step, _ in store.run.history("calls/all")] == [0, 1, 2]
    check_steps(store.run, folder, "spearman")


def test_a_budget_is_no_failure_and_more_of_it_goes_on_in_the_same_run(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start
) -> None:
    assert start(*base, "--mlflow", "http://h:1", "--max-calls", 30) == 0
    assert (store.run.status, store.run.tags["judgegrad.stopped"]) == ("FINISHED", "budget")
    assert start("--resume", folder, "--max-calls", 1000) == 0
    assert (store.run.status, store.run.tags["judgegrad.stopped"]) == ("FINISHED", "no")
    assert store.run.artifacts["summary.json"] == (folder / "summary.json").read_text()
    assert [step for step, _ in store.run.history("calls/all")] == [0, 1, 2]


def test_a_store_that_dies_changes_nothing_but_a_line_that_says_how_to_send_the_rest(
    base: list[str],
    folder: Path,
    store: FakeStore,
    start: Start,
    send: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    played_by(monkeypatch, FakeEngine())
    assert start(*base) == 0
    untracked = {name: (folder / name).read_bytes() for name in RESULTS}
    folder.rename(folder.with_name("untracked"))
    capsys.readouterr()

    def die(asked: Asked) -> None:
        if asked.stage == "rewrite":
            store.down = True

    played_by(monkeypatch, FakeEngine(reply=die))
    assert start(*base, *TRACKED) == 0
    assert {name: (folder / name).read_bytes() for name in RESULTS} == untracked
    printed = capsys.readouterr()
    assert "secret-word" not in printed.out + printed.err
    line = next(line for line in printed.err.splitlines() if "lacks a part" in line)
    assert re.search(r"\(\d+ failed attempts, nobody listens at http://\*\*\*@127.0.0.1:5000\)", line)
    assert line.endswith(
        f"python programs/report.py {folder} --mlflow 'http://***@127.0.0.1:5000' --mlflow-experiment custom"
    )
    assert store.run.status == "RUNNING"
    store.down = False
    assert send(folder, *TRACKED) == 0
    assert store.run.status == "FINISHED"
    assert [step for step, _ in store.run.history("calls/all")] == [0, 1, 2]
    check_result(store.run, folder)


def test_a_request_whose_answer_was_lost_is_not_repeated(
    base: list[str], folder: Path, engine: FakeEngine, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lossy(FakeStore):
        """Every third request is carried out, and then fails."""

        def log(self, *arguments: Any) -> None:
            super().log(*arguments)
            if self.requests % 3 == 0:
                raise TimeoutError("no answer")

    store = Lossy()
    monkeypatch.setattr("programs.tracking.session.open_store", store.open)
    monkeypatch.setattr("programs.tracking.following.LOOK", 0.01)
    assert start(*base, *TRACKED) == 0
    for _ in range(10):
        run(report.main, folder, *TRACKED, monkeypatch=monkeypatch)
    assert store.run.status == "FINISHED"
    doubled = [count for count in Counter((each.name, each.step) for each in store.run.measures).values() if count > 1]
    assert not doubled
    check_result(store.run, folder)


def test_a_store_that_hangs_is_waited_for_at_the_end_only_and_not_for_long(
    base: list[str],
    engine: FakeEngine,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    free, asked = threading.Event(), []

    def hang() -> None:
        asked.append(1)
        if len(asked) > 3:
            free.wait(10)

    store = FakeStore(hang)
    monkeypatch.setattr("programs.tracking.session.open_store", store.open)
    monkeypatch.setattr("programs.tracking.following.LOOK", 0.01)
    monkeypatch.setattr("programs.tracking.following.PATIENCE", 0.05)
    try:
        assert start(*base, *TRACKED) == 0
        assert "(0 failed attempts, it takes too long)" in capsys.readouterr().err
    finally:
        free.set()
        for thread in threading.enumerate():
            if thread.name == "tracking":
                thread.join(10)


def test_a_run_done_without_tracking_is_sent_later_and_only_once(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start, send: Start
) -> None:
    assert start(*base) == 0
    assert not store.opened
    assert send(folder, *TRACKED, "--mlflow-experiment", "mine") == 0
    assert (store.run.status, store.opened[0].experiment) == ("FINISHED", "mine")
    check_steps(store.run, folder, "spearman")
    check_result(store.run, folder)
    before = (list(store.run.measures), dict(store.run.tags))
    assert send(folder, *TRACKED) == 0
    assert start("--resume", folder, *TRACKED) == 0
    assert (store.run.measures, store.run.tags) == before
    assert [place.experiment for place in store.opened] == ["mine"] * 3
    assert send(folder, *TRACKED, "--mlflow-experiment", "another") == 0
    assert [each.name for each in store.runs.values()] == ["one", "one"]


def test_a_run_that_mlflow_no_longer_has_is_begun_anew(
    base: list[str], folder: Path, engine: FakeEngine, store: FakeStore, start: Start, send: Start
) -> None:
    assert start(*base, *TRACKED) == 0
    store.runs["another"] = store.runs.pop("run-0")
    assert send(folder, *TRACKED) == 0
    first, second = store.runs.values()
    assert (first.params, first.artifacts) == (second.params, second.artifacts)
    values = [[(each.name, each.step, each.value) for each in logged.measures] for logged in (first, second)]
    assert sorted(values[0]) == sorted(values[1])


def test_a_password_is_written_nowhere(
    base: list[str],
    folder: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base, *TRACKED, "--lm", "x", "--api-base", "http://h/v1?api_key=secret-word") == 0
    assert start("--resume", folder, *TRACKED) == 0
    logged = store.run
    assert logged.params["api_base"] == "http://h/v1?api_key=***"
    assert "secret-word" not in f"{logged.params} {logged.tags} {logged.measures} {capsys.readouterr()}"
    assert "secret-word" not in (folder / "mlflow.json").read_text()
    assert "tracker" not in (folder / "mlflow.json").read_text()


def test_whose_password_is_not_kept_must_be_given_again_on_resume(
    base: list[str],
    folder: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base, *TRACKED, "--max-calls", 30) == 0
    assert start("--resume", folder, "--max-calls", 1000) == 2
    assert "whose password is not kept: give --mlflow URI again, or --mlflow off" in capsys.readouterr().err
    assert start("--resume", folder, "--max-calls", 1000, "--mlflow", "off") == 0
    assert store.run.tags["judgegrad.stopped"] == "budget"
    assert start("--resume", folder, *TRACKED) == 0
    assert store.run.tags["judgegrad.stopped"] == "no"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("127.0.0.1:5000", "did you mean http://127.0.0.1:5000?"),
        ("mlruns", "did you mean file:///"),
        ("htp://127.0.0.1:5000", "did you mean 'http'?"),
        ("http:127.0.0.1", "is no place that MLflow knows"),
        ("ftp://me:secret-word@host/x", "--mlflow 'ftp://***@host/x' is no place"),
        ("", "--mlflow is empty"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////no/such/folder/x.db", "cannot write /no/such/folder/x.db"),
    ],
)
def test_a_uri_that_cannot_work_is_refused_before_anything_is_written(
    uri: str,
    words: str,
    base: list[str],
    tmp_path: Path,
    engine: FakeEngine,
    start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base, "--mlflow", uri) == 2
    refused(words, tmp_path, engine, capsys)


def test_a_file_in_place_of_a_folder_is_refused(
    base: list[str], table: Path, tmp_path: Path, engine: FakeEngine, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(*base, "--mlflow", table.as_uri()) == 2
    refused("give a folder that can be made and written to", tmp_path, engine, capsys)


def test_mlflow_that_is_not_installed_is_said_with_the_remedy(
    base: list[str],
    tmp_path: Path,
    engine: FakeEngine,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("programs.tracking.client.find_spec", lambda name: None)
    assert start(*base, *TRACKED) == 2
    refused('pip install -e ".[mlflow]"', tmp_path, engine, capsys)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mlflow-experiment", "x"], "--mlflow-experiment goes with --mlflow"),
        ([*TRACKED, "--mlflow-experiment", " "], "--mlflow-experiment is empty"),
    ],
)
def test_an_experiment_that_means_nothing_is_refused(
    flags: list[str],
    words: str,
    base: list[str],
    tmp_path: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base, *flags) == 2
    refused(words, tmp_path, engine, capsys)


@pytest.mark.parametrize("content", ["[{}]", "{", "3", '["x"]'])
def test_a_damaged_note_of_the_mlflow_run_is_said(
    content: str,
    base: list[str],
    folder: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    send: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base, *TRACKED) == 0
    (folder / "mlflow.json").write_text(content)
    capsys.readouterr()
    assert send(folder, *TRACKED) == 2
    assert f"{folder / 'mlflow.json'} is damaged" in capsys.readouterr().err


def test_a_store_that_fails_a_run_sent_later_is_exit_2(
    base: list[str],
    folder: Path,
    engine: FakeEngine,
    store: FakeStore,
    start: Start,
    send: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(*base) == 0
    store.down = True
    capsys.readouterr()
    assert send(folder, *TRACKED) == 2
    printed = capsys.readouterr().err
    assert "give the command again, which sends only what is missing" in printed
    assert "secret-word" not in printed


def test_a_run_that_has_not_ended_is_not_sent(
    folder: Path, base: list[str], engine: FakeEngine, store: FakeStore, start: Start, send: Start
) -> None:
    assert start(*base) == 0
    (folder / "summary.json").unlink()
    assert send(folder, *TRACKED) == 2
    assert not store.runs


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("http://u:p@h:1/x", "http://***@h:1/x"),
        ("postgresql://u:p/w@d@h/db failed", "postgresql://***@h/db failed"),
        ("http://TOKEN@h", "http://***@h"),
        ("http://h/v1?api_key=abc&x=1", "http://h/v1?api_key=***&x=1"),
        ("http://h/v1?a=1&Password=abc", "http://h/v1?a=1&Password=***"),
        ("mail a@b, see http://h/x", "mail a@b, see http://h/x"),
    ],
)
def test_what_a_url_says_of_users_and_keys_is_masked(text: str, wanted: str) -> None:
    assert masked(text) == wanted
