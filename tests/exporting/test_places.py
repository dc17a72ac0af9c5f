"""A Python file is written only under a name that other files can import it by."""

from pathlib import Path

import pytest

from programs import export
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.describe import task_from_flags
from tests.commands import run


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("class.py", "name it like my_judge.py"),
        ("my-judge.py", "name it like my_judge.py"),
        ("json.py", "would hide Python's own module json"),
        ("judge.txt", "name it like my_judge.py"),
    ],
)
@pytest.mark.parametrize("form", ["inspect", "mlflow"])
def test_a_name_that_cannot_be_imported_is_refused(
    form: str, out: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-5")), tmp_path / "saved.json")
    assert run(export.main, "saved.json", "--to", form, "--out", out, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: --out {out}: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert [path.name for path in tmp_path.iterdir()] == ["saved.json"]
