"""Digits and expectations: which is read, what falls back, and that both are reported from the same calls."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import evaluate, optimize, score
from programs.backends.local import LocalEngine
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_rows
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.commands import NAMES, own_task, run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm, rated_rows


@pytest.fixture
def task() -> Task:
    return Task(
        "test", "Judge the text.", (Input("text", "Text"),), tuple(Criterion(name, 0, 3) for name in ("a", "b"))
    )


def says(level: int) -> Callable[..., int]:
    return lambda *_: level


@pytest.mark.parametrize("adapter", ["compact", "json", "chat"])
def test_the_expectation_is_read_from_the_token_of_each_score(task: Task, adapter: str) -> None:
    with dspy.context(lm=fake_lm(DoubtfulEngine(says(2)))):
        assert Judge(task, adapter=adapter, readout="expected")(text="T").toDict() == {"a": 1.5, "b": 1.5}
        assert Judge(task, adapter=adapter)(text="T").toDict() == {"a": 2, "b": 2}


def test_digits_ask_for_no_logprobs_and_expectations_for_the_most_that_hosts_give(task: Task) -> None:
    engine = DoubtfulEngine()
    with dspy.context(lm=fake_lm(engine)):
        Judge(task)(text="T")
        Judge(task, readout="expected")(text="T")
    assert [asked.request.config.logprobs for asked in engine.asked] == [None, 20]


def test_without_logprobs_every_score_falls_back_and_is_marked(task: Task) -> None:
    rows = rated_rows(task.criterion_names, 3)
    for engine in (FakeEngine(says(2)), type("Bare", (FakeEngine,), {"supported_params": frozenset()})(says(2))):
        with dspy.context(lm=fake_lm(engine)):
            judgements = judge_rows(Judge(task, readout="expected"), rows, Pool(1))
        assert {each.fallback for each in judgements} == {("a", "b")}
        assert [each.scores for each in judgements] == [{"a": 2, "b": 2}] * 3


def test_an_unscored_criterion_is_no_fallback(task: Task) -> None:
    with dspy.context(lm=fake_lm(DoubtfulEngine(reply=lambda asked: '{"a":3}'))):
        (judgement,) = judge_rows(Judge(task, readout="expected"), rated_rows(("a", "b"), 1), Pool(1))
    assert judgement.scores["b"] is None
    assert judgement.digits["b"] is None
    assert "b" not in judgement.fallback


def test_a_judge_keeps_its_readout_in_its_file_and_in_its_copies(task: Task, tmp_path: Path) -> None:
    judge = Judge(task, readout="expected").with_rubric({"a": "new"}).with_groups(groups("S", task.criterion_names))
    save_judge(judge, tmp_path / "judge.json")
    assert load_judge(tmp_path).readout == "expected"
    stored = json.loads((tmp_path / "judge.json").read_text())
    del stored["judgegrad"]["readout"]
    (tmp_path / "judge.json").write_text(json.dumps(stored))
    assert load_judge(tmp_path).readout == "digits"


@pytest.fixture
def ended(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, table: Path, tmp_path: Path) -> Path:
    """A run by expectations."""
    doubtful = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(doubtful))
    sizes = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "2"]
    names = ["--runs-dir", str(tmp_path), "--run", "one", "--readout", "expected"]
    assert run(optimize.main, *own_task(table), *sizes, *names, monkeypatch=monkeypatch) == 0
    return tmp_path / "one"


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_run_reports_both_readouts_of_the_same_calls(ended: Path) -> None:
    summary, tested = read(ended / "summary.json"), read(ended / "scores.json")
    for judge, digits in tested["digits"].items():
        assert tested["judges"][judge] == [[(digit + 1) / 2 for digit in row] for row in digits]
    report = summary["readout"]
    assert report["name"] == "expected"
    assert set(report["after"]["digits"]) == set(summary["after"])
    assert report["after"]["digits"]["pooled"]["mae"] != summary["after"]["pooled"]["mae"]
    assert report["after"]["beyond_digits"]["pooled"]["spearman"]["mean"]["value"] == pytest.approx(0)
    fallen = report["after"]["fallback"]
    assert fallen == dict.fromkeys(NAMES, 0)


def test_its_page_and_its_critics_speak_of_expectations(ended: Path) -> None:
    assert "read as digits and as expectations" in (ended / "report.html").read_text()
    steps = [json.loads(line) for line in (ended / "steps.jsonl").read_text().splitlines()]
    scores = [score for step in steps[1:] for row in step["judgements"] for score in row.values()]
    assert any(score % 1 for score in scores)


def test_a_run_by_digits_says_nothing_of_another_readout(start: Any, found: Any) -> None:
    assert start("--run", "plain") == 0
    assert "readout" not in found("plain")


def test_a_saved_judge_is_applied_by_its_readout_or_another(
    ended: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for flags, columns in (([], {"score", "digit"}), (["--readout", "digits"], {"score"})):
        out = tmp_path / "scored.csv"
        arguments = [str(ended), "--data", str(table), "--out", str(out), *flags]
        assert run(score.main, *arguments, monkeypatch=monkeypatch) == 0
        with out.open() as file:
            rows = list(csv.DictReader(file))
        assert {kind for kind in ("score", "digit") if f"{NAMES[0]}_{kind}" in rows[0]} == columns
        if "digit" in columns:
            assert all(float(row[f"{NAMES[0]}_score"]) == (float(row[f"{NAMES[0]}_digit"]) + 1) / 2 for row in rows)
    assert run(evaluate.main, str(ended), *own_task(table), monkeypatch=monkeypatch) == 0
    assert "the same replies read as digits" in capsys.readouterr().out


@pytest.mark.local
def test_the_embedded_model_gives_expectations_for_every_score(task: Task) -> None:
    """Its replies follow a grammar; the probabilities are those before the grammar, so all levels are among them."""
    engine = LocalEngine()
    emotions = replace(task, criteria=tuple(Criterion(name, 0, 3) for name in ("joy", "anger")))
    texts = ("What a wonderful day!", "He lied to me again, and I shouted at him.", "It rained.")
    rows = [dspy.Example(text=text, row_id=text).with_inputs("text") for text in texts]
    with dspy.context(lm=dspy.LM("local/embedded", engine=engine, cache=False, temperature=0.0, max_tokens=40)):
        judgements = judge_rows(Judge(emotions, readout="expected"), rows, Pool(1))
    assert not any(each.fallback for each in judgements)
    scores = [score for each in judgements for score in each.scores.values()]
    assert all(score is not None and 0 <= score <= 3 for score in scores)
    assert any(score is not None and score % 1 for score in scores)
    joyful, angry, _ = (each.scores for each in judgements)
    assert joyful["joy"] > joyful["anger"]
    assert angry["anger"] > angry["joy"]
