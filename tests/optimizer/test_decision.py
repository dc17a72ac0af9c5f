"""`--judge decision`: a row is one request of a question a criterion, and the LM measures the levels of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.lm15 import DataPart, Message, Request, Response, Usage

from metrics.expectation import MEASURED
from programs import compare, evaluate, export, optimize, score
from programs.backends.decision import DecisionAdapter, measures
from programs.backends.names import language_model
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_rows
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.task import Task
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine, fake_lm, rated_rows
from tests.stub_decisions import SystemOne, system_one, token_scorer
from tests.stub_server import StubServer, stub_server


class MeasuringEngine:
    """An engine of one's own that measures: level 2 of every question, but for those without an answer or chances."""

    measures_judgments = True
    silent, unmeasured = "", ""

    def complete(self, request: Request) -> Response:
        names = [*request.config.response_format["schema"]["properties"]]
        value = {name: 1 for name in names if name != self.silent}
        known = {name: {str(k): 0.6 if k == 1 else 0.1 for k in range(5)} for name in value if name != self.unmeasured}
        part = DataPart(value=value, probabilities=known, method="candidate_sequence_likelihood")
        message = Message(role="assistant", parts=(part,))
        return Response(id=None, model=request.model, message=message, finish_reason="stop", usage=Usage())


@pytest.fixture
def server() -> Iterator[SystemOne]:
    with system_one() as server:
        yield server


def deciding(task: Task, readout: str = "digits") -> Judge:
    rubric = {name: f"Rate {name}.\nIt is the {name} of the text." for name in task.criterion_names}
    return Judge(task, None, rubric, adapter="decision", readout=readout)


def asked_of(server: SystemOne, log: CallLog | None = None, retries: int = 0) -> Roles:
    lm = language_model("typesafe/jev-latest", api_base=server.root, num_retries=retries, cache=False)
    return Roles.of(dict.fromkeys(ROLES, lm), calls=log, seed=3)


def test_a_row_is_one_request_with_a_question_a_criterion(task: Task, server: SystemOne) -> None:
    rows = rated_rows(task.criterion_names, 3)
    with (roles := asked_of(server)).playing("judge"):
        found = judge_rows(deciding(task), rows, Pool(1))
    assert server.paths == ["/v1/systemone"] * 3 and roles.calls.summary()["judge"]["calls"] == 3
    first = server.bodies[0]
    assert {*first} == {"model", "state", "questions"} and first["model"] == "jev-latest"
    assert first["state"] == "Judge the text.\n<text>\ntext number 0\n</text>"
    for name, question in first["questions"].items():
        assert question["instructions"] == f"{name} (1-5): Rate {name}.\nIt is the {name} of the text."
        assert question["criteria"] == [f"{level} on the scale 1-5" for level in range(1, 6)]  # the wire counts from 0
        assert not any(other in json.dumps(question) for other in task.criterion_names if other != name)
    for body, each in zip(server.bodies, found, strict=True):
        for name in task.criterion_names:
            wire = server.answer(body["state"], body["questions"][name])["probabilities"]
            assert each.scores[name] == 1 + max(range(5), key=lambda level, wire=wire: wire[str(level)])
            assert each.chances[name] == pytest.approx({1 + int(key): share for key, share in wire.items()})


def test_expectations_are_of_the_scale_and_both_readouts_of_the_same_request(task: Task, server: SystemOne) -> None:
    rows, log = rated_rows(task.criterion_names, 3), CallLog()
    with asked_of(server, log).playing("judge"):
        digits = judge_rows(deciding(task), rows, Pool(1))
        found = judge_rows(deciding(task, "expected"), rows, Pool(1))
    assert len(server.bodies) == 3 and log.summary()["judge"]["reused"] == 3
    for plain, each in zip(digits, found, strict=True):
        assert each.digits == plain.scores and each.fallback == ()
        for name, chances in each.chances.items():
            assert each.scores[name] == pytest.approx(sum(level * share for level, share in chances.items()), abs=1e-5)
            assert 1 < (each.scores[name] or 0) < 5


def test_a_saved_log_answers_and_the_form_is_kept(task: Task, server: SystemOne, tmp_path: Path) -> None:
    rows = rated_rows(task.criterion_names, 4)
    save_judge(deciding(task, "expected"), tmp_path / "judge.json")
    judge, found = load_judge(tmp_path / "judge.json"), []
    assert (judge.adapter, judge.decides, judge.rubric) == ("decision", True, deciding(task).rubric)
    for threads in (4, 1):
        log = CallLog(tmp_path / "calls.jsonl")
        with asked_of(server, log).playing("judge"):
            found.append(judge_rows(judge, rows, Pool(threads)))
        log.close()
    assert found[0] == found[1] and len(server.bodies) == 4


def test_dspys_own_cache_keeps_what_was_measured(task: Task, server: SystemOne, tmp_path: Path) -> None:
    dspy.configure_cache(enable_disk_cache=True, enable_memory_cache=False, disk_cache_dir=str(tmp_path))
    lm = language_model("typesafe:jev", api_base=server.root, num_retries=0, cache=True)
    rows, found = rated_rows(task.criterion_names, 2), []
    for _ in range(2):
        with (roles := Roles.of(dict.fromkeys(ROLES, lm))).playing("judge"):
            found.append(judge_rows(deciding(task, "expected"), rows, Pool(1)))
    assert found[0] == found[1] and len(server.bodies) == 2
    tally = roles.calls.summary()["judge"]
    assert (tally["calls"], tally["reused"]) == (0, 2)


def test_solved_examples_stand_in_the_text(task: Task, server: SystemOne) -> None:
    judge = deciding(task)
    judge.heads[0].demos = [{"text": "one", **dict.fromkeys(task.criterion_names, 2)}]
    with asked_of(server).playing("judge"):
        judge(text="</text> three")
    scores = ",".join(f'"{name}":2' for name in task.criterion_names)
    shown = f"Example 1:\n<text>\none\n</text>\nIts scores: {{{scores}}}\nTo be judged:\n"
    assert server.bodies[0]["state"] == f"Judge the text.\n{shown}<text>\n<\\/text> three\n</text>"


def test_servers_that_score_tokens_are_asked_too(task: Task) -> None:
    with token_scorer() as server:
        lm = language_model("hosted_vllm/stub", api_base=server.url, num_retries=0, cache=False)
        with (roles := Roles.of(dict.fromkeys(ROLES, lm))).playing("judge"):
            (found,) = judge_rows(deciding(task, "expected"), rated_rows(task.criterion_names, 1), Pool(1))
        names = task.criterion_names
        assert roles.calls.summary()["judge"]["calls"] == 1  # whatever is sent beneath:
        assert server.paths == ["/tokenize"] * len(names) * 11 + ["/v1/completions"]
        question = server.bodies[0]["messages"][-2]["content"]
    assert question.startswith("fluency (1-5): Rate fluency.") and "- 2: 3 on the scale 1-5\n" in question
    assert {*found.scores.values()} == {3.0} and {*found.digits.values()} == {3}
    assert found.chances["fluency"] == pytest.approx({1: 0.125, 2: 0.125, 3: 0.5, 4: 0.125, 5: 0.125})


@pytest.mark.parametrize("metered", [True, False])
def test_without_chances_an_answer_is_a_digit_and_without_an_answer_nothing(task: Task, metered: bool) -> None:
    engine = MeasuringEngine()
    engine.silent, engine.unmeasured = "relevance", "coherence"
    lm, judge = dspy.LM("own/model", engine=engine, cache=False), deciding(task, "expected")
    with Roles.of(dict.fromkeys(ROLES, lm)).playing("judge") if metered else dspy.context(lm=lm):
        (found,) = judge_rows(judge, rated_rows(task.criterion_names, 1), Pool(1))
    assert dict(found.scores) == {"fluency": 2.5, "relevance": None, "coherence": 2, "consistency": 2.5}
    assert found.fallback == ("coherence",) and {*found.chances} == {"fluency", "consistency"} and found.replied


def test_a_reply_that_lacks_an_answer_is_asked_again_and_then_given_up(
    task: Task, server: SystemOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("programs.backends.line.FIRST_WAIT", 0.0)
    monkeypatch.setattr("random.uniform", lambda low, high: 0.0)
    server.broken = "coherence"
    with (roles := asked_of(server, retries=1)).playing("judge"):
        (found,) = judge_rows(deciding(task), rated_rows(task.criterion_names, 1), Pool(1))
    assert not found.replied and {*found.scores.values()} == {None}
    tally = roles.calls.summary()["judge"]
    assert (tally["calls"], tally["failed"], tally["given_up"]) == (2, 2, 1)


def test_who_measures_and_who_does_not(task: Task) -> None:
    signature = deciding(task).heads[0].signature
    base = "http://127.0.0.1:9/v1"
    able = [measures(language_model(name, api_base=base), signature) for name in ("typesafe:jev", "hosted_vllm/m")]
    assert able == [True, True]
    unable = [language_model("openai/m", api_base=base), language_model("m", api_base=base), fake_lm()]
    assert not any(measures(lm, signature) for lm in unable)
    with dspy.context(lm=fake_lm(), adapter=DecisionAdapter()), pytest.raises(Exception, match="is not known to give"):
        deciding(task)(text="one")
    assert MEASURED not in task.criterion_names


Servers = tuple[SystemOne, StubServer]


@pytest.fixture
def servers() -> Iterator[Servers]:
    """One that decides, and one that writes."""
    with system_one() as judge, stub_server() as other:
        yield judge, other


def lms(servers: Servers) -> list[Any]:
    judge, other = servers
    return [*["--lm", "stub", "--api-base", other.url], *["--judge-lm", "typesafe:jev", "--judge-api-base", judge.root]]


def test_a_run_and_what_is_made_of_its_judge(
    table: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge, other = servers
    flags = ["--judge", "decision", "--readout", "expected", "--reuse", "off", "--runs-dir", tmp_path, "--run", "one"]
    arguments = [*own_task(table), *SIZES, *lms(servers), *flags, "--threads", "3"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    folder = tmp_path / "one"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["calls"]["judge"]["calls"] == summary["estimate"]["judge"] == len(judge.bodies)
    assert {*judge.paths} == {"/v1/systemone"} and {*other.paths} == {"/v1/chat/completions"}
    assert sum(summary["readout"]["after"]["fallback"].values()) == 0 and (folder / "confidence.json").exists()
    assert load_judge(folder).form["adapter"] == "decision"
    kept = {name: (folder / name).read_bytes() for name in ("judge.json", "steps.jsonl", "scores.json")}
    sent = len(judge.bodies) + len(other.bodies)
    (folder / "summary.json").unlink()
    assert run(optimize.main, "--resume", folder, "--threads", "1", monkeypatch=monkeypatch) == 0
    assert len(judge.bodies) + len(other.bodies) == sent
    assert kept == {name: (folder / name).read_bytes() for name in kept}
    judge.bodies.clear()
    own, out = ["--data", table, *lms(servers), "--reuse", "off"], tmp_path / "scored.csv"
    assert run(evaluate.main, folder, *own, monkeypatch=monkeypatch) == 0
    assert run(score.main, folder, *own, "--out", out, monkeypatch=monkeypatch) == 0
    assert "helpful_p1" in out.read_text() and "helpful_confidence" in out.read_text()
    assert len(judge.bodies) == 2 * 60
    save_judge(load_judge(folder).with_rubric({"polite": "Rate it."}), tmp_path / "other.json")
    assert run(compare.main, folder, tmp_path / "other.json", *own, monkeypatch=monkeypatch) == 0
    assert len(judge.bodies) > 2 * 60
    capsys.readouterr()
    assert run(export.main, folder, "--to", "text", "--out", tmp_path / "judge.txt", monkeypatch=monkeypatch) == 2
    assert "is a judge of decisions, which no format can ask for" in capsys.readouterr().err
    away = ["--to", "text", "--judge", "joint", "--out", tmp_path / "judge.txt"]
    assert run(export.main, folder, *away, monkeypatch=monkeypatch) == 0


DECIDES = ["--lm", "typesafe:jev", "--api-base", "http://127.0.0.1:9"]
WRITES = ["--lm", "stub", "--api-base", "http://127.0.0.1:9/v1"]
WIDE = ["--criteria", "helpful:0-10,polite:0-3"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([*WRITES, "--judge", "decision"], "openai/stub is not known to give probabilities of declared answers"),
        ([*DECIDES, "--judge", "decision"], "typesafe:jev answers questions and writes no text: name another LM for"),
        ([*WRITES, *["--judge-lm", "typesafe:jev"]], "answers questions and writes no text: give --judge decision"),
        ([*WRITES, "--judge", "decision", "--adapter", "chat"], "takes no --adapter chat"),
        ([*WRITES, "--judge", "decision", "--schema", "off"], "asks by a JSON schema"),
        ([*WRITES, "--judge", "decision", "--order", "rotate"], "turns criteria in a prompt"),
        ([*WRITES, "--judge", "decision", *WIDE], "helpful has 11 levels, and a question has at most 10"),
        ([*WRITES, "--judge", "decisions"], "did you mean 'decision'"),
    ],
)
def test_what_cannot_be_decided_is_refused_before_any_cost(
    flags: list[str],
    words: str,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [*own_task(table), "--runs-dir", tmp_path / "runs", *flags]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and printed.count("\n") == 1 and words in printed
    assert not (tmp_path / "runs").exists()


def test_a_saved_judge_of_decisions_is_refused_by_an_lm_that_does_not_measure(
    table: Path,
    task: Task,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_judge(deciding(task), tmp_path / "judge.json")
    data = tmp_path / "texts.csv"
    data.write_text("text\none\ntwo\n")
    flags = [tmp_path / "judge.json", "--data", data, "--out", tmp_path / "out.csv", "--lm", "fake"]
    assert run(score.main, *flags, monkeypatch=monkeypatch) == 2
    assert "--judge decision: fake/model is not known to give" in capsys.readouterr().err and not engine.asked
