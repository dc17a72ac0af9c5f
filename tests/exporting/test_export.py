"""The command: what it writes and says, and what it refuses."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from programs import export, optimize
from programs.exporting.formats import FORMATS
from programs.flags import EXPORT_FORMATS
from programs.optimizer.saved import save_judge
from tests.commands import SIZES, own_task, run
from tests.exporting.cases import judge
from tests.fake import FakeEngine

FILES = {
    "text": "judge.txt",
    "openai": "judge.json",
    "promptfoo": "folder",
    "inspect": "judge.py",
    "mlflow": "judge.py",
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A run's folder with a judge and its settings."""
    folder = tmp_path / "run"
    folder.mkdir()
    save_judge(judge(), folder / "judge.json")
    settings = {"lm": "openai/gpt-4o-mini", "judge_temperature": 0.5, "seed": 9}
    (folder / "config.json").write_text(json.dumps({"settings": settings}))
    return folder


def written(path: Path) -> str:
    """All that was written to a file or folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_the_flag_lists_every_format() -> None:
    assert tuple(FORMATS) == EXPORT_FORMATS


def test_a_finished_run_is_exported_without_a_call(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*own_task(table), *SIZES, "--steps", 0, "--run", "one", "--runs-dir", tmp_path / "runs"]
    run(optimize.main, *flags, monkeypatch=monkeypatch)
    engine.asked.clear()
    for to, name in FILES.items():
        capsys.readouterr()
        out = tmp_path / to / name
        out.parent.mkdir()
        assert run(export.main, tmp_path / "runs" / "one", "--to", to, "--out", out, monkeypatch=monkeypatch) == 0
        assert "Rate from 1 to 5." in written(out)
        assert f"written: {out}" in capsys.readouterr().out
    assert not engine.asked


@pytest.mark.parametrize("place", ["run", "run/judge.json"])
def test_the_runs_lm_and_parameters_are_named(place: str, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = saved.parent / "judge.json"
    assert run(export.main, saved.parent / place, "--to", "openai", "--out", out, monkeypatch=monkeypatch) == 0
    (request,) = json.loads(out.read_text())["requests"]
    assert (request["model"], request["temperature"], request["seed"]) == ("gpt-4o-mini", 0.5, 9)


@pytest.mark.parametrize(
    ("flags", "model"),
    [
        (["--lm", "openai/other"], "other"),
        (["--lm", "Qwen/Qwen3-8B", "--api-base", "http://127.0.0.1:8000/v1"], "Qwen/Qwen3-8B"),
        (["--api-base", "http://127.0.0.1:8000/v1"], "gpt-4o-mini"),
        (["--lm", "anthropic/claude"], None),
        (["--lm", "local"], None),
    ],
)
def test_another_lm_may_be_named(
    flags: list[str],
    model: str | None,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = saved.parent / "judge.json"
    assert run(export.main, saved, "--to", "openai", "--out", out, *flags, monkeypatch=monkeypatch) == 0
    assert json.loads(out.read_text())["requests"][0].get("model") == model
    assert ("name yours" in capsys.readouterr().err) == (model is None)


@pytest.mark.parametrize("to", FILES)
def test_a_name_ends_no_comment_and_no_string(to: str, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = 'x\nraise SystemExit\r"""\\\'\x85\u2028\x0cend'
    out = saved.parent / FILES[to]
    flags = ["--to", to, "--out", out, "--lm", f"openai/{name}"]
    assert run(export.main, saved, *flags, monkeypatch=monkeypatch) == 0
    python = out / "judge.py" if out.is_dir() else out
    if python.suffix == ".py":
        tree = ast.parse(python.read_text(encoding="utf-8"))
        assert not any(isinstance(node, ast.Raise) for node in tree.body)
        named = [ast.literal_eval(node.value) for node in tree.body if ast.unparse(node).startswith("MODEL = ")]
        assert named == ([name] if to == "mlflow" else [])


def test_a_judge_without_its_run_has_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_judge(judge(), tmp_path / "judge.json")
    out = tmp_path / "out.json"
    assert run(export.main, tmp_path / "judge.json", "--to", "openai", "--out", out, monkeypatch=monkeypatch) == 0
    (request,) = json.loads(out.read_text())["requests"]
    assert (request.get("model"), request["temperature"], request["seed"]) == (None, 0.1, 0)


def test_the_promptfoo_folder_is_configuration_and_code(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml")
    save_judge(judge(separate=True), saved / "judge.json")
    out = saved.parent / "folder"
    flags = ["--lm", 'a"b: c', "--api-base", "http://127.0.0.1:8000/v1"]
    assert run(export.main, saved, "--to", "promptfoo", "--out", out, *flags, monkeypatch=monkeypatch) == 0
    assert sorted(file.name for file in out.iterdir()) == ["judge.py", "promptfooconfig.yaml"]
    config: dict[str, Any] = yaml.safe_load((out / "promptfooconfig.yaml").read_text())
    assert [prompt["label"] for prompt in config["prompts"]] == ["polite", "severity"]
    assert config["providers"] == [{"id": 'openai:chat:a"b: c', "config": {"apiBaseUrl": "http://127.0.0.1:8000/v1"}}]


@pytest.mark.parametrize(
    ("to", "carried"), [("text", False), ("promptfoo", False), ("openai", True), ("inspect", True)]
)
def test_a_readout_that_cannot_be_carried_is_said(
    to: str, carried: bool, saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = saved.parent / FILES[to]
    flags = ["--to", to, "--out", out, "--readout", "expected"]
    assert run(export.main, saved, *flags, monkeypatch=monkeypatch) == 0
    words = "scores are expectations" if carried else "carries no token probabilities"
    assert words in capsys.readouterr().err
    assert words in written(out)
    assert ("top_logprobs" in written(out)) == carried


def test_mlflow_says_what_make_judge_does_not_keep(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_judge(judge(rubric="Use {{ this }}.", readout="expected"), saved / "judge.json")
    out = saved.parent / "judge.py"
    assert run(export.main, saved, "--to", "mlflow", "--out", out, monkeypatch=monkeypatch) == 0
    for words in ("make_judge words the prompt anew", "make_judge sees no token probabilities", "make_judge takes {{"):
        assert words in written(out)
    assert "Use { { this }}." in written(out)


BAD = {
    "unknown format": (["run", "--to", "langfuse", "--out", "x"], "invalid choice: 'langfuse'"),
    "no format": (["run", "--out", "x"], "--to"),
    "no out": (["run", "--to", "text"], "--out"),
    "no run": (["nothing", "--to", "text", "--out", "x"], "does not exist"),
    "no judge": (["table.csv", "--to", "text", "--out", "x"], "cannot be read as JSON"),
    "unknown readout": (["run", "--to", "text", "--out", "x", "--readout", "mean"], "invalid choice: 'mean'"),
    "abbreviated flag": (["run", "--to", "text", "--ou", "x"], "--out"),
    "a folder for a file": (["run", "--to", "text", "--out", "run"], "is no plain file"),
    "a file for a folder": (["run", "--to", "promptfoo", "--out", "table.csv"], "is a file"),
    "a folder with files": (["run", "--to", "promptfoo", "--out", "run"], "holds files already"),
    "no parent": (["run", "--to", "openai", "--out", "no/x.json"], "its folder does not exist"),
    "no parent of a folder": (["run", "--to", "promptfoo", "--out", "no/x"], "does not exist"),
    "a folder that cannot be": (["run", "--to", "promptfoo", "--out", "/proc/x"], "cannot write /proc/x"),
    "the judge itself": (["run", "--to", "openai", "--out", "run/judge.json"], "would be lost"),
    "the lone judge itself": (["lone", "--to", "openai", "--out", "lone/judge.json"], "would be lost"),
    "the run's settings": (["run", "--to", "openai", "--out", "run/config.json"], "would be lost"),
    "no module": (["run", "--to", "inspect", "--out", "my-judge.py"], "name it like my_judge.py"),
    "no python": (["run", "--to", "mlflow", "--out", "judge.txt"], "name it like my_judge.py"),
    "no URL": (["run", "--to", "openai", "--out", "x", "--api-base", "localhost"], "is no URL"),
    "a password": (["run", "--to", "openai", "--out", "x", "--api-base", "http://a:b@c/v1"], "user name or password"),
    "no LM": (["run", "--to", "openai", "--out", "x", "--lm", " "], "--lm is empty"),
    "damaged settings": (["damaged", "--to", "openai", "--out", "x"], "config.json is damaged"),
    "unsendable": (["unsendable", "--to", "openai", "--out", "x"], "lone surrogate"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_nothing_is_written_or_lost(
    case: str, saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(saved.parent)
    Path("table.csv").write_text("a,b\n")
    for name, content in (("lone", None), ("damaged", '{"settings": [1]}'), ("unsendable", None)):
        Path(name).mkdir()
        save_judge(judge(rubric="R"), Path(name, "judge.json"))
        if content:
            Path(name, "config.json").write_text(content)
    broken = Path("unsendable", "judge.json")
    broken.write_text(broken.read_text().replace('"R"', '"\\ud800"'))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    arguments, words = BAD[case]
    assert run(export.main, *arguments, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_help_needs_no_dspy() -> None:
    code = "import sys, programs.export as e; e.parser().format_help(); sys.exit('dspy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
