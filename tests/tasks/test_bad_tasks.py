"""Every mistake in flags or task files is one line that names the flag or the file and says what to write."""

from functools import partial
from pathlib import Path

import pytest

from programs.tasks.describe import task_from_flags
from programs.tasks.task import load_task
from tests.tasks.conftest import complaint

BAD_FLAGS = {
    "no inputs": (None, "a:1-5", ["--inputs", "is missing"]),
    "empty inputs": (" ", "a:1-5", ["--inputs", "is missing"]),
    "no criteria": ("t", None, ["--criteria", "helpful:1-5"]),
    "empty item": ("t,,u", "a:1-5", ["--inputs", "empty item"]),
    "trailing comma": ("t", "a:1-5,", ["--criteria", "empty item"]),
    "open quote": ('"t', "a:1-5", ["--inputs", "write --inputs"]),
    "no scale": ("t", "helpful", ["--criteria", "'helpful' has no scale", "helpful:1-5"]),
    "one level": ("t", "a:5", ["--criteria", "write name:lowest-highest"]),
    "worded scale": ("t", "a:low-high", ["--criteria", "like a:1-5"]),
    "fractional scale": ("t", "a:0.5-1", ["--criteria", "like a:1-5"]),
    "reversed": ("t", "a:5-1", ["--criteria", "'a'", "lower level first"]),
    "single": ("t", "a:3-3", ["--criteria", "'a'", "lower level first"]),
    "too many levels": ("t", "a:0-100", ["--criteria", "101 levels", "21"]),
    "spaces": ("t", "Maintains Context:1-3", ['--criteria "maintains_context=Maintains Context:1-3"']),
    "input with spaces": ("Body Text", "a:1-5", ['--inputs "body_text=Body Text"']),
    "not a name": ("2nd=Body", "a:1-5", ["--inputs", "'2nd'"]),
    "no column": ("text=", "a:1-5", ["--inputs", "lacks a name or a column"]),
    "no name": ("=Body", "a:1-5", ["--inputs", "lacks a name or a column"]),
    "keyword": ("class", "a:1-5", ["--inputs", "'class'"]),
    "clash with DSPy": ("config", "a:1-5", ["--inputs", "'config'", "DSPy"]),
    "reserved": ("t", "row_id:1-5", ["--criteria", "'row_id'", "reserved"]),
    "twice": ("t", "a:1-5,a:1-3", ["--criteria", "'a' is used twice"]),
    "input and criterion": ("t", "t:1-5", ["--inputs, --criteria", "'t' is used twice"]),
    "one column for two": ("t", "a=x:1-5,b=x:1-5", ["--criteria", "'a' and 'b' both read column 'x'"]),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_flags_are_one_line_with_the_flag_and_what_to_write(case: str) -> None:
    inputs, criteria, expected = BAD_FLAGS[case]
    message = complaint(lambda: task_from_flags(inputs=inputs, criteria=criteria))
    assert message.startswith("--")
    assert all(part in message for part in expected), message


INPUTS = '[[inputs]]\nname = "reply"\n'
CRITERIA = '[[criteria]]\nname = "helpful"\nscale = [1, 5]\n'
TOP = 'name = "own"\ninstructions = "Judge."\n'
WHOLE = TOP + INPUTS + CRITERIA

BAD_TASKS = {
    "no toml": ("name = ", ["not a TOML file", "at end of document"]),
    "empty": ("", ["'inputs'", "[[inputs]]"]),
    "no name": (WHOLE.replace('name = "own"\n', ""), ["'name' is missing"]),
    "name with a slash": (WHOLE.replace('"own"', '"a/b"'), ["'a/b'"]),
    "empty instructions": (WHOLE.replace('"Judge."', '" "'), ["'instructions' is empty"]),
    "number for text": (WHOLE.replace('"Judge."', "3"), ["'instructions' must be a text"]),
    "unknown key": ('documents = "id"\n' + WHOLE, ["'documents'", "did you mean 'document'?"]),
    "unknown key of a criterion": (WHOLE + 'rubrik = "x"\n', ["criteria 1", "'rubrik'", "did you mean 'rubric'?"]),
    "no inputs": (TOP + CRITERIA, ["'inputs'", "[[inputs]]"]),
    "one table": (TOP + INPUTS.replace("[[", "[").replace("]]", "]") + CRITERIA, ["[[inputs]]"]),
    "no scale": (WHOLE.replace("scale = [1, 5]\n", ""), ["criteria 1", "'scale'", "[1, 5]"]),
    "three levels": (WHOLE.replace("[1, 5]", "[1, 2, 3]"), ["criteria 1", "'scale'"]),
    "fractional scale": (WHOLE.replace("[1, 5]", "[0.5, 1.5]"), ["criteria 1", "'scale'"]),
    "true as a level": (WHOLE.replace("[1, 5]", "[true, 5]"), ["criteria 1", "'scale'"]),
    "reversed scale": (WHOLE.replace("[1, 5]", "[5, 1]"), ["criteria 1", "lower level first"]),
    "column of no text": (WHOLE + "column = 3\n", ["criteria 1", "'column'"]),
    "twice": (WHOLE + CRITERIA, ["'helpful' is used twice"]),
    "optional of another": ('optional = ["helpful"]\n' + WHOLE, ["'optional'", "'helpful'"]),
    "data of nothing": (WHOLE + '[data]\nconfig = "eng"\n', ["data", "'file'", "'hub'"]),
    "data of both": (WHOLE + '[data]\nfile = "a.csv"\nhub = "a/b"\n', ["data", "'file'", "'hub'"]),
    "data as text": ('data = "rows.csv"\n' + WHOLE, ["[data]"]),
    "split of no part": (WHOLE + '[split_values]\nfold = "fold"\n', ["'fold'", "validation"]),
}


@pytest.mark.parametrize("case", BAD_TASKS)
def test_bad_task_files_are_one_line_with_the_file(case: str, tmp_path: Path) -> None:
    text, expected = BAD_TASKS[case]
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    message = complaint(lambda: load_task(str(path)))
    assert message.startswith(str(path))
    assert all(part in message for part in expected), message


def test_task_files_that_cannot_be_read_are_one_line_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    for name in ("none.toml", "folder.toml", "latin.toml"):
        assert str(tmp_path / name) in complaint(partial(load_task, str(tmp_path / name)))
    assert "did you mean" not in complaint(lambda: load_task("zzz"))
