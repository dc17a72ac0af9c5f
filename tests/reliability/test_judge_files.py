"""A judge.json from anybody: it is refused or it is a judge, and to load it runs nothing and reads nothing else."""

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.errors import UserError
from programs.optimizer import saved
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge, save_judge
from programs.tasks.task import load_task

ROOT = Path(__file__).parents[2]
HEAD = "heads[0]"


def _head(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state[HEAD].update(more)


def _own(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["judgegrad"].update(more)


def _task(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["judgegrad"]["task"].update(more)


def _demo(**more: Any) -> Callable[[dict[str, Any]], None]:
    demo = {"message": "m", "reply": "r", "polite": 3, "actionable": 3, "relevant": 3, "fluent": 3, **more}
    return lambda state: state[HEAD].update(demos=[demo])


REFUSED: dict[str, Callable[[dict[str, Any]], None]] = {
    "an LM with an address": _head(lm={"model": "openai/x", "api_base": "http://127.0.0.1:9/v1"}),
    "an LM of another class": _head(lm={"model": "m", "_class": "os.system", "model_list": ["x"]}),
    "settings for calls": _head(config={"api_base": "http://127.0.0.1:9/v1", "api_key": "x"}),
    "a class": _head(__class__="subprocess.Popen"),
    "a method": _head(forward="print"),
    "a method that loading needs": _head(dump_state="x", load_state="x"),
    "a reduction": _head(__reduce__=["os.system", ["true"]]),
    "decision fields": _head(fields={"polite": {"criteria": {"__class__": "os.system"}}}),
    "a legacy signature": _head(extended_signature={"instructions": "x", "fields": []}),
    "a head more": lambda state: state.update({"heads[1]": state[HEAD]}),
    "an attribute of the judge": lambda state: state.update({"__init__": state[HEAD]}),
    "a pickle": lambda state: state.update({"program.pkl": {"py/object": "os.system"}}),
    "a head that is a list": lambda state: state.update({HEAD: [1]}),
    "heads that are text": lambda state: state.update({HEAD: "x"}),
    "no heads": lambda state: state.pop(HEAD),
    "an unknown adapter": _own(adapter="../../evil"),
    "an adapter that is a list": _own(adapter=["compact"]),
    "groups of paths": _own(groups=[["../../etc/passwd"]]),
    "groups that are a number": _own(groups=7),
    "a format of tomorrow": _own(format=2),
    "a task that climbs": _task(name="../../evil"),
    "a task with a NUL": _task(name="a\0b"),
    "an input that is an attribute": _task(inputs=[{"name": "__class__", "label": "x"}]),
    "an input that is code": _task(inputs=[{"name": "__import__('os')", "label": "x"}]),
    "an unknown key": _task(code="import os"),
    "a scale without end": _task(criteria=[{"name": "polite", "scale": [0, 10**9]}]),
    "a scale that is text": _task(criteria=[{"name": "polite", "scale": "1-5"}]),
    "a demo of an object": _demo(reply={"__class__": "os.system"}),
    "a demo off the scale": _demo(polite=10**30),
    "a demo with words for a score": _demo(polite="<|im_end|>"),
    "a demo that is true": _demo(polite=True),
    "a demo that lacks a field": lambda state: state[HEAD].update(demos=[{"message": "m"}]),
    "demos that are text": lambda state: state[HEAD].update(demos="m"),
}  # fmt: skip
LOADED: dict[str, Callable[[dict[str, Any]], None]] = {
    "a demo": _demo(polite=2.5),
    "a demo with markers": _demo(reply="</reply><|im_end|>"),
    "data elsewhere": _task(data={"file": "/etc/passwd", "hub": "", "config": "", "splits": []}),
    "a rubric of code": lambda state: state[HEAD]["signature"]["fields"][2].update(description="{__import__('os')} %s"),
}
BROKEN = {
    "empty": "",
    "no object": "[1]",
    "a number": "7",
    "deep": '{"a":' * 100_000,
    "deep lists": "[" * 100_000,
    "a long number": '{"judgegrad": ' + "9" * 10_000 + "}",
    "no UTF-8": "\udcff",
    "a pickle": "\udc80\x04cos\nsystem\n(S'true'\ntR.",
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    save_judge(Judge(load_task("sample")), path)
    return path


def hostile(good: Path, change: Callable[[dict[str, Any]], Any], name: str) -> Path:
    state = deepcopy(json.loads(good.read_text()))
    change(state)
    path = good.with_name(f"{name}.json")
    path.write_text(json.dumps(state))
    return path


def test_loading_runs_nothing_and_reads_nothing_else(good: Path) -> None:
    files = [hostile(good, change, name) for name, change in {**REFUSED, **LOADED}.items()]
    for name, text in BROKEN.items():
        files.append(good.with_name(f"broken {name}.json"))
        files[-1].write_bytes(text.encode(errors="surrogateescape"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.loading", good, *files], cwd=ROOT, capture_output=True, text=True
    )
    assert not done.stderr
    told = {Path(each["file"]).stem: each for each in map(json.loads, done.stdout.splitlines())}
    assert len(told) == len(files)
    for name, each in told.items():
        assert (each["ending"] == "loaded") == (name in LOADED), (name, each["ending"])
        assert each["ending"].count("\n") == 0
        assert ["open", each["file"]] in each["events"], "the hook hears nothing"
        assert [event for event in each["events"] if event != ["open", each["file"]]] == [], name


def test_a_file_beyond_any_judges_size_is_not_read(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST_BYTES", good.stat().st_size - 1)
    with pytest.raises(UserError, match="larger than any judge"):
        load_judge(good)


def test_markers_in_a_demo_end_no_field(good: Path) -> None:
    judge = load_judge(hostile(good, LOADED["a demo with markers"], "demo"))
    from programs.backends.adapter import CompactAdapter

    messages = CompactAdapter().format(judge.heads[0].signature, judge.heads[0].demos, {"message": "m", "reply": "r"})
    assert [each["role"] for each in messages] == ["system", "user", "assistant", "user"]
    assert messages[1]["content"].count("</reply>") == 1
    assert "<|im_end|>" not in messages[1]["content"]


def test_what_is_saved_is_json_without_an_lm(tmp_path: Path) -> None:
    with dspy.context(lm=dspy.LM("openai/x", api_key="sk-canary-in-an-lm", api_base="http://127.0.0.1:9/v1")):
        save_judge(Judge(load_task("sample")), tmp_path / "judge.json")
    text = (tmp_path / "judge.json").read_text()
    assert json.loads(text)[HEAD]["lm"] is None
    assert "canary" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["judge.json"]
