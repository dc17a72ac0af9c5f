"""A stranger goes through the tutorial: its blocks are run by a shell as they stand, on a stub of an LM's server."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.forked_python import forked_python
from tests.stub_server import StubServer, stub_server

TUTORIAL = ROOT / "docs" / "tutorial.md"
SUMMEVAL = Path(os.environ.get("JUDGEGRAD_DATA", ROOT.parent / "shared" / "data")) / "summeval.jsonl"
TABLE = ("table", "names")


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with stub_server() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a clone looks, with the shared data beside it where they are here."""
    folder = tmp_path_factory.mktemp("stranger") / "clone"
    folder.mkdir()
    (folder / "programs").symlink_to(ROOT / "programs")
    if SUMMEVAL.is_file():
        (folder.parent / "shared").mkdir()
        (folder.parent / "shared" / "data").symlink_to(SUMMEVAL.parent)
    return folder


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    with forked_python(ROOT) as programs:
        yield programs


@pytest.fixture(scope="module")
def printed(server: StubServer, folder: Path, programs: Path) -> str:
    """What all blocks together print: on SummEval where it is, else on the project's sample."""
    return run("\n".join(code for _, code in steps()), folder, programs, LM="openai/stub", API_BASE=server.url)


def steps() -> list[tuple[str, str]]:
    """Name and code of the blocks to run."""
    found = blocks(TUTORIAL)
    instead = [("summeval", block.code) for block in found if block.mark == "instead"] if SUMMEVAL.is_file() else []
    return instead + [
        (each.name, each.code) for each in found if each.mark == "run" and not (instead and each.name in TABLE)
    ]


def run(script: str, folder: Path, programs: Path, **variables: str) -> str:
    """What the script prints; it finds `python` in the folder `programs`."""
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **variables, "PATH": path, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "none"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", [0, 3])
def test_a_forked_python_is_like_one_that_is_started(code: int, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import os, sys\nif __name__ == '__main__':\n"
        "    print(sys.argv, os.getcwd(), os.environ['OWN'], sys.stdin.read())\n    sys.exit(int(sys.argv[1]))\n"
    )
    given = {"cwd": tmp_path, "env": {"OWN": "1"}, "input": "said", "capture_output": True, "text": True}
    forked, started = (
        subprocess.run([str(python), "own.py", str(code)], **given) for python in (programs / "python", sys.executable)
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, started.stdout, "")


def test_every_block_of_the_shell_says_whether_it_is_run() -> None:
    marks = [block.mark for block in blocks(TUTORIAL) if block.kind == "sh"]
    assert set(marks) == {"run", "not run", "instead"}
    assert {each.name for each in blocks(TUTORIAL) if each.mark == "not run"} == {"install", "LM"}


def test_it_leads_to_a_judge_with_its_report(printed: str, folder: Path) -> None:
    for name in ("first", "second"):
        assert (folder / "runs" / name / "report.html").stat().st_size > 100_000
        summary = json.loads((folder / "runs" / name / "summary.json").read_text())
        assert summary["rows"] == {"train": 40, "validation": 60, "test": 100}
        assert all(cell["low"] is not None for cell in summary["before"]["pooled"]["mae"].values())
    assert "spearman, pooled over the test rows, with 95 % intervals" in printed


def test_it_leads_to_scored_texts(printed: str, folder: Path) -> None:
    with (folder / "tutorial" / "scored.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    task = json.loads((folder / "runs" / "first" / "judge.json").read_text())["judgegrad"]["task"]
    assert len(rows) >= 60
    assert all(row[f"{criterion['name']}_score"] for row in rows for criterion in task["criteria"])


def test_it_leads_to_a_comparison_and_a_check(printed: str) -> None:
    assert "second against first:" in printed
    assert "no drift shown" in printed


def test_it_asks_about_as_many_questions_as_it_says(printed: str, server: StubServer) -> None:
    said = int(
        re.search(r"ask about ([\d,]+) short questions", TUTORIAL.read_text(encoding="utf-8"))[1].replace(",", "")
    )
    assert 0.8 * said < len(server.bodies) < 1.2 * said


SHORT = {
    ' --lm "$LM" --api-base "$API_BASE"': "",
    "tail -n 60": "tail -n 10",
    "--steps 4 --batch-size 3": "--steps 1 --batch-size 1",
    "--train-size 40 --val-size 60 --test-size 100": "--train-size 5 --val-size 10 --test-size 10",
}
"""With the embedded model: without the flags, as the tutorial says, and with sizes of two minutes."""


@pytest.mark.local
def test_a_short_one_with_the_embedded_model(tmp_path: Path) -> None:
    (tmp_path / "programs").symlink_to(ROOT / "programs")
    known = {block.name: re.sub(r"\\\n\s+", "", block.code) for block in blocks(TUTORIAL) if block.mark == "run"}
    script = "\n".join(known[name] for name in ("table", "names", "optimize", "score", "freeze", "check"))
    for words, shorter in SHORT.items():
        assert words in script
        script = script.replace(words, shorter)
    assert "no drift shown" in run(script, tmp_path, Path(sys.executable).parent)
    with (tmp_path / "tutorial" / "scored.csv").open(encoding="utf-8") as file:
        scores = [row[f"{name}_score"] for row in csv.DictReader(file) for name in ("polite", "relevant")]
    assert len(scores) == 20
    assert set(scores) <= set("12345")
