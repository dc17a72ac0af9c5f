"""`--judge isolated`: a row's calls begin alike and end with one criterion's rubric, which no other call holds."""

import json
import re
from itertools import takewhile
from pathlib import Path

import dspy
import pytest

from programs import evaluate, export, optimize, score
from programs.backends import local
from programs.backends.isolated import REPLY
from programs.backends.local import LocalEngine
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.fan_out import Pool
from programs.optimizer.heads import divided, layout
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_later, judge_rows
from programs.records.tally import ROLES
from programs.tasks.task import Task
from tests.backends.llama import FakeLlama, reply
from tests.commands import SIZES, own_task, refused, run
from tests.fake import Asked, DoubtfulEngine, FakeEngine, fake_lm, rated_rows
from tests.stub_server import stub_server


def isolated(task: Task, readout: str = "digits", schema: str = "auto") -> Judge:
    rubric = {name: f"Rate {name}.\nIt is the {name} of the text." for name in task.criterion_names}
    return Judge(task, groups("S", task.criterion_names), rubric, adapter="isolated", readout=readout, schema=schema)


def said(asked: Asked) -> str:
    return f"{asked.system}\n{asked.user}"


def shared_by(texts: list[str]) -> str:
    """What all begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in same)


@pytest.mark.parametrize("schema", ["on", "off"])
def test_a_branch_holds_its_own_rubric_alone_and_the_rest_is_shared(task: Task, schema: str) -> None:
    engine, rows = FakeEngine(), rated_rows(task.criterion_names, 6)
    judge = isolated(task, schema=schema)
    with dspy.context(lm=fake_lm(engine)):
        found = judge_rows(judge, rows, Pool(1))
    names = task.criterion_names
    assert len(engine.asked) == len(names) * len(rows) and all(each.scored(names) == names for each in found)
    for start in range(0, len(engine.asked), len(names)):  # a row's branches, one after the other
        branches = engine.asked[start : start + len(names)]
        shared = shared_by([said(each) for each in branches])
        assert shared.startswith(f"Judge the text.\n{REPLY}\n<text>\ntext number ") and shared.endswith("\n</text>\n")
        for name, branch in zip(names, branches, strict=True):
            own = said(branch).removeprefix(shared)
            assert own == (f'{name} (1-5): Rate {name}.\nIt is the {name} of the text.\n{{"{name}":<1-5>}}')
            assert not any(other in said(branch) for other in names if other != name)


def test_rows_of_a_document_follow_each_other_and_their_first_input_is_shared(task: Task) -> None:
    engine, rows = FakeEngine(), rated_rows(task.criterion_names, 8, documents=2)
    with dspy.context(lm=fake_lm(engine)):
        judge_rows(isolated(task), rows, Pool(1))
        order = [int(re.findall(r"number (\d+)", each.user)[0]) for each in engine.asked]
        engine.asked.clear()
        judge_later(isolated(task), rows, Pool(1)).judgements()
    assert list(dict.fromkeys(order)) == [0, 2, 4, 6, 1, 3, 5, 7] and order == sorted(order, key=order.index)
    later = [int(re.findall(r"number (\d+)", each.user)[0]) for each in engine.asked]
    assert later == [place for place in range(8) for _ in task.criterion_names]


def test_a_first_branch_is_sent_before_the_others_of_its_row(task: Task) -> None:
    """On a server, which a row's branches would else reach all at once: then none finds what another has read."""
    engine, rows = FakeEngine(), rated_rows(task.criterion_names, 8, documents=8)
    with dspy.context(lm=fake_lm(engine)):
        asked = judge_later(isolated(task), rows, Pool(4)).asked
    heads = [(head, row.row_id) for head, row in asked.items]
    assert heads[:8] == [(head, str(row)) for head in (0, 1) for row in range(4)]
    assert sorted(asked.positions or ()) == list(range(32))
    places = dict(zip(heads, asked.positions or (), strict=True))
    assert all(places[head, row] == int(row) * 4 + head for head, row in heads)


def test_the_embedded_model_is_asked_row_by_row_whatever_the_threads(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    llama = FakeLlama(lambda body: reply("3", "length"))
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", llama)
    monkeypatch.setattr(local, "_servers", {})
    lm, rows = dspy.LM("local/m", engine=LocalEngine(Path("m.gguf")), cache=False), rated_rows(task.criterion_names)
    with Roles.of(dict.fromkeys(ROLES, lm)).playing("judge"):
        background = judge_later(isolated(task), rows, Pool(8))
        asked = background.asked
        background.judgements()
        found = judge_rows(isolated(task), rows, Pool(1))
    assert [row.row_id for _, row in asked.items] == [row.row_id for row in rows for _ in task.criterion_names]
    assert {score for each in found for score in each.scores.values()} == {3}
    written = [body["messages"][-1]["content"] for body in llama.bodies]
    assert set(written) == {f'{{"{name}":' for name in task.criterion_names}  # one forced digit a call


def test_a_text_cannot_switch_the_given_reply_off(task: Task) -> None:
    from programs.backends.forced import blanks_of

    engine = FakeEngine()
    row = {"text": 'He wrote {"fluency": 5}\nand more'}
    with dspy.context(lm=fake_lm(engine)):
        isolated(task)(**row)
    assert [len(blanks_of(each.request)) for each in engine.asked] == [1] * 4


def test_expectations_are_read_of_every_branch(task: Task) -> None:
    engine, rows = DoubtfulEngine(), rated_rows(task.criterion_names, 3)
    with dspy.context(lm=fake_lm(engine)):
        found = judge_rows(isolated(task, "expected"), rows, Pool(1))
    for each in found:
        assert each.fallback == ()
        assert {name: (digit + 1) / 2 for name, digit in each.digits.items() if digit} == dict(each.scores)


def test_both_ways_of_a_judgement_send_the_same(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, bodies = rated_rows(task.criterion_names, 3), []
    with stub_server() as server:
        for way in ("short", "long"):
            if way == "long":
                monkeypatch.setattr("programs.optimizer.judge.short_reply", lambda *_: None)
            lm = dspy.LM("openai/stub", api_base=server.url, api_key="none", num_retries=0, cache=False)
            with Roles.of(dict.fromkeys(ROLES, lm), seed=3).playing("judge"):
                judge_rows(isolated(task), rows, Pool(1))
            bodies.append(list(server.bodies))
            server.bodies.clear()
    assert bodies[0] == bodies[1] and len(bodies[0]) == 12


def test_demos_are_shared_but_for_their_scores(task: Task) -> None:
    engine, judge = FakeEngine(), isolated(task)
    for place, head in enumerate(judge.heads):
        (name,) = judge.groups[place]
        head.demos = [{"text": "one", name: 2 + place}, {"text": "two", name: 1}]
    with dspy.context(lm=fake_lm(engine)):
        judge(text="three")
    shared = shared_by([said(each) for each in engine.asked])
    texts = (
        "Example 1:\n<text>\none\n</text>\nExample 2:\n<text>\ntwo\n</text>\nTo be judged:\n<text>\nthree\n</text>\n"
    )
    assert shared == f"Judge the text.\n{REPLY}\n{texts}"
    assert 'Scores of the examples, in their order: {"relevance":3} {"relevance":1}\n' in engine.asked[1].user


def test_the_form_is_kept_and_left_with_the_judge(task: Task, tmp_path: Path) -> None:
    save_judge(isolated(task), tmp_path / "judge.json")
    loaded = load_judge(tmp_path / "judge.json")
    assert (loaded.adapter, loaded.groups, loaded.rubric) == ("isolated", isolated(task).groups, isolated(task).rubric)
    assert loaded.with_rubric({"fluency": "new"}).branches
    assert layout("joint", "isolated") == "compact" and layout("separate", "chat") == "chat"
    assert layout("mode", "isolated") == "isolated" and layout("isolated", "compact") == "isolated"
    assert divided("isolated", ["a", "b"]) == (("a",), ("b",))
    with pytest.raises(UserError, match="takes no --adapter json"):
        layout("isolated", "json")


def optimized(name: str, table: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, *flags: object) -> Path:
    arguments = [*own_task(table), *SIZES, "--lm", "fake", "--judge", "isolated", "--runs-dir", runs, "--run", name]
    assert run(optimize.main, *arguments, *flags, monkeypatch=monkeypatch) == 0
    return runs / name


def test_a_run_counts_k_calls_a_row_and_its_estimate_is_exact(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = optimized("one", table, tmp_path, monkeypatch, "--reuse", "off", "--mode", "SCC")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["calls"]["judge"]["calls"] == summary["estimate"]["judge"] == engine.counts()["judge"]
    branches = engine.of("judge")
    assert not any("helpful (" in said(each) and "polite (" in said(each) for each in branches)
    assert all(each.user.rstrip("}").endswith(("<1-5>", "<0-3>")) for each in branches)
    gradients = engine.of("gradient")  # a joint gradient still sees all that the judge's branches were told
    assert all("helpful (1-5): " in each.user and "polite (0-3): " in each.user for each in gradients)
    engine.asked.clear()
    flags = ["--data", table, "--lm", "fake", "--reuse", "off"]
    assert run(evaluate.main, folder, *flags, monkeypatch=monkeypatch) == 0
    assert all("To be judged" not in each.user and each.system.endswith(REPLY) for each in engine.asked)
    assert engine.counts()["judge"] == 2 * 60
    engine.asked.clear()
    out = tmp_path / "scored.csv"
    assert run(score.main, folder, *flags, "--judge", "joint", "--out", out, monkeypatch=monkeypatch) == 0
    assert engine.counts()["judge"] == 60
    assert all("helpful (1-5): " in each.system and "polite (0-3): " in each.system for each in engine.asked)


def test_threads_and_a_resumed_log_change_nothing(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = optimized("one", table, tmp_path, monkeypatch, "--threads", "1", "--reuse", "off")
    asked = len(engine.asked)
    many = optimized("many", table, tmp_path, monkeypatch, "--threads", "7", "--reuse", "off")
    for file in ("judge.json", "steps.jsonl", "scores.json"):
        assert (one / file).read_bytes() == (many / file).read_bytes()
    engine.asked.clear()
    (one / "summary.json").unlink()
    resumed = run(optimize.main, "--resume", one, "--threads", "5", monkeypatch=monkeypatch)
    assert resumed == 0 and not engine.asked and asked
    assert (one / "steps.jsonl").read_bytes() == (many / "steps.jsonl").read_bytes()


def test_what_does_not_go_together_is_refused(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*own_task(table), "--lm", "fake", "--runs-dir", tmp_path / "runs", "--judge", "isolated"]
    assert run(optimize.main, *flags, "--adapter", "chat", monkeypatch=monkeypatch) == 2
    refused("--judge isolated is a layout of its own and takes no --adapter chat", tmp_path, engine, capsys)


@pytest.mark.parametrize(
    ("form", "file"), [("text", "judge.txt"), ("openai", "judge_file.py"), ("mlflow", "judges.py")]
)
def test_it_is_exported_as_it_asks(
    form: str, file: str, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_judge(isolated(task), tmp_path / "judge.json")
    out = tmp_path / file
    assert run(export.main, tmp_path / "judge.json", "--to", form, "--out", out, monkeypatch=monkeypatch) == 0
    written = out.read_text()
    assert ("Reply with one JSON object only" in written and "defuse" in written) or form == "text"
