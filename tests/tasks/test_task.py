"""A task is read from TOML, survives JSON, and holds only names that DSPy can carry."""

import json
from functools import partial
from pathlib import Path
from typing import Literal

import dspy
import pytest

from programs.tasks.loading import load_rows
from programs.tasks.task import Input, Task, built_in_tasks, load_task
from signatures.records import Criterion
from tests.tasks.conftest import complaint

MINIMAL = """
name = "replies"
instructions = "Judge the reply."
[[inputs]]
name = "reply"
[[criteria]]
name = "helpful"
scale = [1, 5]
"""


def task_file(folder: Path, text: str) -> str:
    path = folder / "replies.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_minimal_file_gets_labels_and_columns_from_names(tmp_path: Path) -> None:
    task = load_task(task_file(tmp_path, MINIMAL.replace('"reply"', '"short_reply"')))
    assert task.inputs == (Input("short_reply", "short reply"),)
    assert task.criteria == (Criterion("helpful", 1, 5),)
    assert task.choices("helpful") == ("helpful",)
    assert (task.document, task.row, task.split, task.data) == ((), (), (), None)


@pytest.mark.parametrize("name", built_in_tasks())
def test_built_in_tasks_survive_json(name: str) -> None:
    task = load_task(name)
    assert Task.from_dict(json.loads(json.dumps(task.to_dict())), "judge.json") == task


def test_task_built_in_python_survives_json() -> None:
    task = Task("replies", "Judge.", (Input("reply", "Reply"),), (Criterion("helpful", -2, 2, description="Is it?"),))
    assert Task.from_dict(json.loads(json.dumps(task.to_dict())), "judge.json") == task


def test_summeval_has_the_papers_criteria_scales_and_initial_rubrics() -> None:
    task = load_task("summeval")
    assert task.input_names == ("source", "summary")
    assert task.criterion_names == ("fluency", "relevance", "coherence", "consistency")
    assert {criterion.initial_rubric for criterion in task.criteria} == {"Rate from 1 to 5."}
    assert {criterion.levels for criterion in task.criteria} == {(1, 2, 3, 4, 5)}
    assert all(criterion.description for criterion in task.criteria)


def test_brighter_has_the_papers_criteria_scales_and_initial_rubrics() -> None:
    task = load_task("brighter")
    assert task.criterion_names == ("anger", "fear", "joy", "sadness", "surprise")
    assert task.criteria[0].initial_rubric == "Rate anger intensity from 0 (none) to 3 (most intense)."
    assert {criterion.levels for criterion in task.criteria} == {(0, 1, 2, 3)}


def test_select_returns_criteria_in_the_groups_order() -> None:
    task = load_task("brighter")
    assert [criterion.name for criterion in task.select(("joy", "anger"))] == ["joy", "anger"]


def test_the_tasks_own_file_is_found_beside_it_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "rows.csv").write_text("reply,helpful\nHello,4\n", encoding="utf-8")
    path = task_file(tmp_path / "here", MINIMAL + '[data]\nfile = "rows.csv"\n')
    monkeypatch.chdir(tmp_path / "here")
    task = load_task(Path(path).name)
    monkeypatch.chdir(tmp_path)
    assert load_rows(task)[0]["reply"] == "Hello"


def test_unknown_task_is_answered_with_the_nearest_one() -> None:
    message = complaint(lambda: load_task("sumeval"))
    assert "--task" in message
    assert "did you mean 'summeval'" in message


REFUSED = [
    "class", "config", "lm", "new_signature", "demos", "instructions", "fields", "signature", "input_fields",
    "output_fields", "copy", "schema", "json", "dict", "validate", "insert", "append", "delete", "row_id",
    "document_id", "system_id", "split", "base", "self", "completions", "completed", "dspy_uuid", "model_dump_x",
    "_hidden", "2nd", "two words", "a-b",
]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_break_dspy_are_refused_for_inputs_and_criteria(name: str, tmp_path: Path) -> None:
    for mine in ('"reply"', '"helpful"'):
        path = task_file(tmp_path, MINIMAL.replace(mine, json.dumps(name, ensure_ascii=False)))
        message = complaint(partial(load_task, path))
        assert message.startswith(path)
        assert repr(name) in message


@pytest.mark.parametrize(
    "name", ["text", "keys", "items", "values", "label", "prediction", "n", "größe", "toDict", "trace"]
)
def test_accepted_names_reach_the_prompt_and_come_back(name: str) -> None:
    Task("own", "Judge.", (Input(name, name),), (Criterion("score", 1, 3),))
    Task("own", "Judge.", (Input("text", "Text"),), (Criterion(f"{name}_", 1, 3),))
    signature = dspy.Signature(
        {name: (str, dspy.InputField()), f"{name}_": (Literal[1, 2, 3], dspy.OutputField())}, "Judge."
    )
    row = dspy.Example(**{name: "needle", f"{name}_": 2.0}).with_inputs(name)
    messages = dspy.ChatAdapter().format(signature, [], {name: row[name]})
    reply = f"[[ ## {name}_ ## ]]\n2\n\n[[ ## completed ## ]]"
    assert "needle" in messages[-1]["content"]
    assert dspy.ChatAdapter().parse(signature, reply) == {f"{name}_": 2}


def test_a_task_built_in_python_is_checked_too() -> None:
    assert "twice" in complaint(lambda: Task("own", "Judge.", (Input("a", "A"),), (Criterion("a", 1, 5),)))
    assert "scale" in complaint(lambda: Task("own", "Judge.", (Input("a", "A"),), (Criterion("b", 5, 1),)))
