"""The small file of rubric lengths: written at the end of a run, made again where it is missing or damaged."""

import json
from pathlib import Path

import pytest

from metrics.tokens import TOKENIZER
from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.records.lengths import lengths_of, read_rubrics, write_lengths

STEPS = [{"step": 0, "rubric": {"a": "Rate from 1 to 5.", "b": "Rate."}}, {"step": 1, "rubric": {"a": "one", "b": ""}}]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in STEPS))
    return RunFolder(tmp_path)


def test_what_is_written_is_read_without_the_steps(folder: RunFolder) -> None:
    write_lengths(folder)
    folder.steps.unlink()
    found = lengths_of(folder)
    assert {step: lengths.tokens for step, lengths in found.items()} == {0: {"a": 8, "b": 2}, 1: {"a": 1, "b": 0}}
    assert "Rate" not in folder.lengths.read_text()


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"tokenizer": "words", "steps": {}}', '{"steps": {"0": {"a": 1}}}']
)
def test_a_missing_damaged_or_other_file_is_made_again(content: str | None, folder: RunFolder) -> None:
    if content is not None:
        folder.lengths.write_text(content)
    assert lengths_of(folder)[0].tokens == {"a": 8, "b": 2}
    assert json.loads(folder.lengths.read_text())["tokenizer"] == TOKENIZER


@pytest.mark.parametrize("content", [None, "{", '{"step": 0}\n'])
def test_damaged_steps_are_one_line(content: str | None, folder: RunFolder) -> None:
    folder.steps.unlink() if content is None else folder.steps.write_text(content)
    with pytest.raises(UserError, match=r"steps\.jsonl( is damaged|, line 1 is damaged| cannot be read)"):
        lengths_of(folder)


def test_a_rubric_may_hold_every_line_break_of_unicode(folder: RunFolder) -> None:
    rubric = {"a": "one\u2028two\u0085three\x0cfour"}
    folder.steps.write_text(json.dumps({"step": 0, "rubric": rubric}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_rubrics(folder.steps) == {0: rubric}
