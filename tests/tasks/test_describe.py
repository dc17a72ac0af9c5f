"""Flags describe an own table as a TOML file would."""

from pathlib import Path

from programs.tasks.describe import task_from_flags
from programs.tasks.fields import Input
from programs.tasks.loading import load_rows
from signatures.records import Criterion


def test_inputs_criteria_and_group_make_a_task() -> None:
    task = task_from_flags(inputs="question, answer", criteria="helpful:1-5, polite:0-3", group="id")
    assert task.inputs == (Input("question", "question"), Input("answer", "answer"))
    assert [(each.name, each.low, each.high) for each in task.criteria] == [("helpful", 1, 5), ("polite", 0, 3)]
    assert task.document == ("id",)
    assert task.instructions == "Judge the answer on each criterion."


def test_renamed_columns_are_read_and_their_words_become_the_label(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("Body Text,Maintains Context,q7\nHello,2,5\n", encoding="utf-8")
    task = task_from_flags(inputs="text=Body Text", criteria="context=Maintains Context:1-3,kind=q7:1-5")
    assert [each.label for each in task.criteria] == ["Maintains Context", "kind"]
    assert task.inputs == (Input("text", "Body Text"),)
    row = load_rows(task, str(path))[0]
    assert (row["text"], row["context"], row["kind"]) == ("Hello", 2.0, 5.0)


def test_columns_with_separators_of_the_flag_can_be_named() -> None:
    task = task_from_flags(inputs='"text=Body, whole"', criteria="kind=Kind: overall:1-5,signed=A=B:-2-2,cold:-3--1")
    assert task.columns["text"] == ("Body, whole",)
    assert task.columns["kind"] == ("Kind: overall",)
    assert task.columns["signed"] == ("A=B",)
    assert task.criteria[1:] == (Criterion("signed", -2, 2, label="signed"), Criterion("cold", -3, -1, label="cold"))
