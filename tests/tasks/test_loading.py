"""Rows become examples with inputs, human ratings, ids, documents and splits."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from programs.tasks import source
from programs.tasks.describe import task_from_flags
from programs.tasks.fields import DataReference
from programs.tasks.loading import load_rows
from programs.tasks.task import Task, load_task
from programs.tasks.texts import open_texts
from tests.tasks.conftest import complaint

SUMMEVAL_RATINGS = ("fluency", "relevance", "coherence", "consistency")


def write(folder: Path, rows: list[dict], name: str = "rows.jsonl") -> str:
    path = folder / name
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(path)


def test_an_example_holds_inputs_ratings_and_where_it_belongs(own_task: Task, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('id,text,helpful,polite,note\nd1," Hi,\nyou ",2.5,3,x\nd1,Bye, 4 ,0,y\n', encoding="utf-8")
    first, second = load_rows(own_task, str(path))
    assert first.toDict() == {
        "text": " Hi,\nyou ", "helpful": 2.5, "polite": 3.0, "row_id": "d1-1", "document_id": "d1", "split": None
    }  # fmt: skip
    assert second["row_id"] == "d1-2"
    assert first.inputs().toDict() == {"text": " Hi,\nyou "}
    assert isinstance(second["helpful"], float)


def test_documents_that_differ_in_outer_blanks_are_one(own_task: Task, tmp_path: Path) -> None:
    good = {"text": "t", "helpful": 1, "polite": 1}
    rows = load_rows(own_task, write(tmp_path, [good | {"id": 7}, good | {"id": " 7"}, good | {"id": "7 "}]))
    assert [row["row_id"] for row in rows] == ["7-1", "7-2", "7-3"]


def test_a_built_in_tasks_file_is_found_beside_the_built_in_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TASKS_FOLDER", tmp_path)
    write(tmp_path, [{"text": "t", "helpful": 1}])
    described = task_from_flags(inputs="text", criteria="helpful:1-5")
    assert load_rows(replace(described, data=DataReference(file="rows.jsonl")))[0]["text"] == "t"


def test_rows_without_ids_are_numbered(tmp_path: Path) -> None:
    task = task_from_flags(inputs="text", criteria="helpful:1-5")
    rows = load_rows(task, write(tmp_path, [{"text": "a", "helpful": 1}, {"text": "b", "helpful": 5}]))
    assert [(row["row_id"], row["document_id"]) for row in rows] == [("1", None), ("2", None)]


def test_ids_and_splits_are_read_and_the_splits_words_understood(tmp_path: Path) -> None:
    task = task_from_flags(inputs="text", criteria="helpful:1-5", row="key", split="part")
    words = ["train", "Training", "dev", "val", "validation", "test"]
    data = write(tmp_path, [{"text": "a", "helpful": 1, "key": 7 + k, "part": word} for k, word in enumerate(words)])
    rows = load_rows(task, data)
    assert [row["row_id"] for row in rows] == ["7", "8", "9", "10", "11", "12"]
    assert [row["split"] for row in rows] == ["train", "train", "validation", "validation", "validation", "test"]


def test_a_tasks_own_words_for_the_split_are_understood(tmp_path: Path) -> None:
    described = task_from_flags(inputs="text", criteria="helpful:1-5", split="part")
    task = Task.from_dict(described.to_dict() | {"split_values": {"heldout": "test"}}, "task")
    assert load_rows(task, write(tmp_path, [{"text": "a", "helpful": 1, "part": "heldout"}]))[0]["split"] == "test"


def test_an_optional_column_may_be_absent_and_another_not(tmp_path: Path) -> None:
    row = {"text": "a", "anger": 0, "fear": 1, "joy": 2, "sadness": 3, "surprise": 0}
    (only,) = load_rows(load_task("brighter"), write(tmp_path, [row]))
    assert (only["row_id"], only["split"]) == ("1", None)
    del row["joy"]
    assert "'joy'" in complaint(lambda: load_rows(load_task("brighter"), write(tmp_path, [row])))


def test_of_alternative_columns_the_first_present_is_read(tmp_path: Path) -> None:
    ratings = dict.fromkeys(SUMMEVAL_RATINGS, 3)
    flat = [{"doc_id": "d", "id": "not read", "source": "S", "text": "not read", "summary": "s", **ratings}]
    (row,) = load_rows(load_task("summeval"), write(tmp_path, flat))
    assert (row["document_id"], row["source"], row["summary"]) == ("d", "S", "s")


@pytest.mark.parametrize("name", ["nested.parquet", "nested.jsonl"])
def test_a_row_with_lists_becomes_one_row_an_item(name: str, tmp_path: Path) -> None:
    nested = {"id": "d", "text": "S", "human_summaries": ["h"], "machine_summaries": ["s1", "s2"]}
    ratings = {criterion: [1.0 + k, 4.5] for k, criterion in enumerate(SUMMEVAL_RATINGS)}
    rows = load_rows(load_task("summeval"), write(tmp_path, [{**nested, **ratings}], name))
    assert [(row["row_id"], row["source"], row["summary"]) for row in rows] == [("d-1", "S", "s1"), ("d-2", "S", "s2")]
    assert [[row[criterion] for criterion in SUMMEVAL_RATINGS] for row in rows] == [[1, 2, 3, 4], [4.5] * 4]


def test_items_of_a_list_get_ids_of_their_own(tmp_path: Path) -> None:
    flags = task_from_flags(inputs="text", criteria="helpful:1-5", row="key").to_dict()
    task = Task.from_dict(flags | {"expand": {"columns": ["text", "helpful"]}}, "task")
    data = write(
        tmp_path, [{"key": "a", "text": ["x", "y"], "helpful": [1, 2]}, {"key": "b", "text": "z", "helpful": 3}]
    )
    assert [row["row_id"] for row in load_rows(task, data)] == ["a-1", "a-2", "b"]


def test_a_system_column_is_read_and_an_optional_one_may_be_absent(tmp_path: Path) -> None:
    task = task_from_flags(inputs="text", criteria="helpful:1-5", system="model")
    data = write(tmp_path, [{"text": "a", "helpful": 1, "model": " m1 "}, {"text": "b", "helpful": 2, "model": 7}])
    assert [row["system_id"] for row in load_rows(task, data)] == ["m1", "7"]
    without = write(tmp_path, [{"text": "a", "helpful": 1}], "without.jsonl")
    assert "no column 'model'" in complaint(lambda: load_rows(task, without))
    (row,) = load_rows(replace(task, optional=("system",)), without)
    assert "system_id" not in row
    assert [row["text"] for _, row in open_texts(task, without).rows()] == ["a"]
    empty = write(tmp_path, [{"text": "a", "helpful": 1, "model": ""}], "empty.jsonl")
    assert "column 'model': is empty" in complaint(lambda: load_rows(task, empty))
    assert "no column 'engine'" in complaint(
        lambda: load_rows(replace(task, optional=("system",)).with_system("engine"), data)
    )


def test_an_items_place_in_its_list_is_a_column_where_the_task_names_one(tmp_path: Path) -> None:
    flags = task_from_flags(inputs="text", criteria="helpful:1-5", system="place").to_dict()
    task = Task.from_dict(flags | {"expand": {"columns": ["text", "helpful"], "position": "place"}}, "task")
    nested = {"text": ["x", "y"], "helpful": [1, 2]}
    rows = load_rows(task, write(tmp_path, [nested, nested]))
    assert [row["system_id"] for row in rows] == ["1", "2", "1", "2"]
    taken = write(tmp_path, [nested | {"place": "here"}], "taken.jsonl")
    assert "has a column 'place' already" in complaint(lambda: load_rows(task, taken))


def test_repeated_ids_are_refused_with_both_places(tmp_path: Path) -> None:
    task = task_from_flags(inputs="text", criteria="helpful:1-5", row="key")
    data = write(tmp_path, [{"text": "t", "helpful": 1, "key": key} for key in ("a", "b", "a")])
    message = complaint(lambda: load_rows(task, data))
    assert "row 3: the id 'a' stands in row 1 too" in message


def test_all_bad_rows_are_counted_and_the_first_shown(own_task: Task, tmp_path: Path) -> None:
    good = {"id": "d", "text": "t", "helpful": 3, "polite": 1}
    data = write(tmp_path, [good, good | {"helpful": 9}, good | {"polite": "x"}, good | {"text": " "}])
    message = complaint(lambda: load_rows(own_task, data))
    assert message.startswith(f"{data}, row 2, column 'helpful': is 9, outside the scale 1-5")
    assert message.endswith("(3 of 4 rows have such cells)")


def test_summeval_has_1600_rows_of_100_documents_with_the_published_means(shared_data: Callable[[str], str]) -> None:
    rows = load_rows(load_task("summeval"), shared_data("summeval.jsonl"))
    means = {name: sum(row[name] for row in rows) / len(rows) for name in SUMMEVAL_RATINGS}
    assert len(rows) == 1600
    assert len({row["document_id"] for row in rows}) == 100
    assert means == pytest.approx(
        {"fluency": 4.673, "relevance": 3.777, "coherence": 3.413, "consistency": 4.660}, abs=6e-4
    )


def test_the_hubs_summeval_schema_gives_the_same_rows(shared_data: Callable[[str], str], tmp_path: Path) -> None:
    path = shared_data("summeval.jsonl")
    documents: dict[str, list[dict]] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        documents.setdefault(row["doc_id"], []).append(row)
    nested = [
        {
            "machine_summaries": [row["summary"] for row in rows],
            "human_summaries": ["A reference."] * 11,
            **{name: [float(row[name]) for row in rows] for name in SUMMEVAL_RATINGS},
            "text": rows[0]["source"],
            "id": document,
        }
        for document, rows in documents.items()
    ]
    assert {len(row["machine_summaries"]) for row in nested} == {16}
    flat_rows = load_rows(load_task("summeval"), path)
    nested_rows = load_rows(load_task("summeval"), write(tmp_path, nested, "hub.parquet"))
    systems = [row["system_id"] for row in flat_rows]
    assert [row.toDict() for row in nested_rows] == [row.without("system_id").toDict() for row in flat_rows]
    placed = load_rows(load_task("summeval").with_system("place"), str(tmp_path / "hub.parquet"))
    places = [row["system_id"] for row in placed]
    assert len(set(places)) == len(set(systems)) == len(set(zip(places, systems, strict=True))) == 16


def test_brighter_has_the_published_splits_and_means(shared_data: Callable[[str], str]) -> None:
    rows = load_rows(load_task("brighter"), shared_data("brighter_eng.jsonl"))
    train = [row for row in rows if row["split"] == "train"]
    means = {name: sum(row[name] for row in train) / len(train) for name in load_task("brighter").criterion_names}
    assert [sum(row["split"] == part for row in rows) for part in ("train", "validation", "test")] == [2763, 115, 2765]
    assert means == pytest.approx(
        {"anger": 0.18, "fear": 0.93, "joy": 0.35, "sadness": 0.50, "surprise": 0.41}, abs=5e-3
    )
    assert round(sum(row["anger"] == 0 for row in train) / len(train), 2) == 0.88
    assert rows[0]["row_id"] == "eng_train_track_b_00001"
