"""Generated Python: what is written is what was meant, and it reads well."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from programs.exporting.code import copied, import_block
from programs.exporting.literals import WIDTH, literal
from tests.exporting.cases import NASTY, exported, judge, wild_texts

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("indent", [0, 16])
def test_any_text_comes_back(indent: int) -> None:
    for text in (*NASTY, *wild_texts(400)):
        source = literal(text, indent)
        assert ast.literal_eval(source) == text
        assert source.encode()  # a file can hold it
        assert all(len(line) <= WIDTH for line in source.split("\n")[1:])


def test_any_value_comes_back() -> None:
    texts = wild_texts(60, seed=1)
    value = {
        "texts": texts,
        "pairs": [(text, number) for number, text in enumerate(texts)],
        "nested": {
            text: {"none": None, "yes": True, "share": 0.25, "one": (text,), "empty": [[], {}, ()]} for text in texts
        },
    }
    assert ast.literal_eval(literal(value)) == value


def test_lines_of_a_text_are_lines_of_the_source() -> None:
    source = literal("first line\n" * 3 + "x" * 100 + " end")
    assert source.split("\n")[1] == '    "first line\\n"'


def test_copied_functions_bring_the_imports_that_they_need() -> None:
    code = copied({"programs/backends/reply.py": ["level_of"], "metrics/logprobs.py": ["Token"]})
    assert set(code.imports) == {f"from collections.abc import {name}" for name in ("Mapping", "Sequence")} | {
        "from typing import Any"
    }
    assert code.text.startswith("def level_of(")
    assert '"""One token of a reply' in code.text
    with pytest.raises(KeyError, match="nothing"):
        copied({"programs/backends/reply.py": ["nothing"]})


def test_imports_are_merged() -> None:
    lines = ["from b import z", "import re", "from b import a, z", "import ast"]
    assert import_block(lines) == "import ast\nimport re\nfrom b import a, z"


FORMS = [{}, {"readout": "expected"}, {"adapter": "chat"}, {"adapter": "json"}, {"schema": "off"}]


def test_exported_files_are_as_ruff_would_have_them(tmp_path: Path) -> None:
    rubric = "Rate how polite the reply is. " * 20 + '\n1: it\'s rude\n5: "very" polite'
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for place, form in enumerate(FORMS):
        for separate in (False, True):
            for to in ("promptfoo", "inspect", "mlflow"):
                files = exported(to, judge(rubric=rubric, separate=separate, **form))
                source = files.get("", files.get("judge.py", ""))
                (tmp_path / f"{to}_{place}_{separate}.py").write_text(source)
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", str(tmp_path)]
        done = subprocess.run(ruff, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("to", ["promptfoo", "inspect", "mlflow"])
def test_any_rubric_leaves_a_file_that_compiles(to: str) -> None:
    sendable = [text.replace("\ud800", "") for text in wild_texts(15, seed=2)]
    for rubric in (*NASTY, *sendable):
        for source in exported(to, judge(rubric=rubric)).values():
            source.encode()
            if source.startswith('"""'):
                compile(source, to, "exec")


def test_an_export_is_the_same_every_time() -> None:
    for to in ("text", "openai", "promptfoo", "inspect", "mlflow"):
        assert exported(to, judge(rubric=NASTY[2])) == exported(to, judge(rubric=NASTY[2]))
