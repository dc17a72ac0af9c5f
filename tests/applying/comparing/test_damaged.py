"""A run whose files are damaged is named in one line, and nothing is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from programs import compare, export
from tests.commands import run
from tests.fake import FakeEngine

DAMAGED = {
    "a list as seed": ("config.json", ["settings", "seed"], [], "its seed is []"),
    "a word as size": ("config.json", ["settings", "train_size"], "x", "its train_size is 'x'"),
    "a number as LM": ("config.json", ["settings", "judge_lm"], 1.5, "its judge_lm is 1.5"),
    "a truth as temperature": ("config.json", ["settings", "judge_temperature"], True, "its judge_temperature is True"),
    "a criterion without a name": ("scores.json", ["criteria", 0, "name"], {}, "scores.json is damaged"),
    "a word as scale": ("scores.json", ["criteria", 0, "high"], "x", "scores.json is damaged"),
    "no tally": ("timing.json", ["calls", "loss"], None, "timing.json is damaged"),
    "a list of tallies": ("timing.json", ["calls"], [], "timing.json is damaged"),
    "a word as seconds": ("timing.json", ["seconds"], "long", "timing.json is damaged"),
}


def _damage(name: str) -> str:
    """Damages the run `joint`; what is to be said of it."""
    file, place, value, words = DAMAGED[name]
    path = Path("runs/joint") / file
    content = json.loads(path.read_text())
    inner: Any = content
    for key in place[:-1]:
        inner = inner[key]
    assert place[-1] in inner if isinstance(inner, dict) else inner[place[-1]] is not None
    inner[place[-1]] = value
    path.write_text(json.dumps(content))
    return words


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_run_is_one_line_and_asks_nothing(
    name: str, place: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = _damage(name)
    capsys.readouterr()
    assert run(compare.main, "joint", "single", monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: runs/joint/")
    assert printed.count("\n") == 1
    assert words in printed
    assert not engine.asked


@pytest.mark.parametrize("name", [name for name, (file, *_) in DAMAGED.items() if file == "config.json"])
def test_nothing_is_exported_from_damaged_settings(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = _damage(name)
    capsys.readouterr()
    assert run(export.main, "runs/joint", "--to", "openai", "--out", "judge.txt", monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: runs/joint/config.json is damaged")
    assert printed.count("\n") == 1
    assert words in printed
    assert not Path("judge.txt").exists()
