"""Single raters' scores: columns and tables of any shape give the same rows; every mistake is one line."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from programs.tasks.describe import rated_singly, task_from_flags
from programs.tasks.loading import load_rows
from programs.tasks.splits import data_hash
from programs.tasks.task import Task, load_task
from tests.tasks.conftest import complaint

CRITERIA = "helpful:1-5@anna,ben,carl,tone:0-3@dora,emil"
SCORES: list[tuple[str, str, int | None, int | None]] = [
    ("a", "anna", 5, 0), ("a", "ben", 4, 1), ("a", "carl", None, 3), ("b", "anna", 2, None), ("b", "carl", 1, 2),
]  # fmt: skip
"""Item, rater, helpful, tone."""

MEANS = {"a": (4.5, 4 / 3), "b": (1.5, 2.0)}
SINGLE = {
    "a": {"helpful": {"anna": 5.0, "ben": 4.0}, "tone": {"anna": 0.0, "ben": 1.0, "carl": 3.0}},
    "b": {"helpful": {"anna": 2.0, "carl": 1.0}, "tone": {"carl": 2.0}},
}


def write(path: Path, header: str, rows: list[tuple[Any, ...]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [header.split(","), *(["" if cell is None else cell for cell in row] for row in rows)]
        )
    return str(path)


def wide(folder: Path, *rows: tuple[Any, ...]) -> str:
    return write(folder / "wide.csv", "text,anna,ben,carl,dora,emil", list(rows))


def texts(folder: Path) -> str:
    return write(folder / "texts.csv", "id,text", [("a", "Hello"), ("b", "Bye")])


def two_criteria(**options: Any) -> Task:
    return task_from_flags("text", "helpful:1-5,tone:0-3", **{"row": "id", **options})


def test_the_rating_is_the_mean_of_the_raters_that_are_there(tmp_path: Path) -> None:
    task = task_from_flags("text", CRITERIA)
    assert task.raters == {"helpful": ("anna", "ben", "carl"), "tone": ("dora", "emil")}
    first, second = load_rows(task, wide(tmp_path, ("Hi", 5, "", 4, 3, 0), ("Bye", "1.5", 2, 1, " ", 2)))
    assert (first["helpful"], first["tone"]) == (4.5, 1.5)
    assert first["rater_scores"] == {
        "helpful": {"anna": 5.0, "ben": None, "carl": 4.0}, "tone": {"dora": 3.0, "emil": 0.0},
    }  # fmt: skip
    assert (second["helpful"], second["tone"]) == (1.5, 2.0)
    assert first.inputs().toDict() == {"text": "Hi"}


def test_criteria_with_and_without_raters_stand_side_by_side(tmp_path: Path) -> None:
    task = task_from_flags("text", "helpful:1-5@anna,ben,kind=dora:0-3")
    assert task.raters == {"helpful": ("anna", "ben")}
    (row,) = load_rows(task, wide(tmp_path, ("Hi", 5, 2, "", 3, "")))
    assert (row["helpful"], row["kind"], list(row["rater_scores"])) == (3.5, 3.0, ["helpful"])


def shapes(folder: Path) -> dict[str, tuple[Task, str]]:
    """The same ratings in every shape that is read: the task and its data."""
    by_criterion = [(item, rater, name, score) for item, rater, *scores in SCORES
                    for name, score in zip(("helpful", "tone"), scores, strict=True)]  # fmt: skip
    columns = write(folder / "columns.csv", "id,annotator,helpful,tone", SCORES)
    lines = write(folder / "lines.csv", "score,criterion,rater,row_id", [row[::-1] for row in by_criterion])
    named = {"a": "Hello", "b": "Bye"}
    whole = write(
        folder / "whole.csv", "id,text,who,helpful,tone", [(row[0], named[row[0]], *row[1:]) for row in SCORES]
    )
    own = {"name": "own", "instructions": "Judge.", "row": "id", "inputs": [{"name": "text"}],
           "criteria": [{"name": "helpful", "scale": [1, 5]}, {"name": "tone", "scale": [0, 3]}]}  # fmt: skip
    stars = write(folder / "stars.csv", "text_id,critic,what,stars", by_criterion)
    reference = {"file": stars, "item": "text_id", "rater": "critic", "criterion": "what", "score": "stars"}
    return {
        "a column a criterion": (rated_singly(two_criteria(), columns, None), texts(folder)),
        "a criterion a row": (rated_singly(two_criteria(), lines, None), texts(folder)),
        "the data themselves": (rated_singly(two_criteria(), None, "who"), whole),
        "named columns": (Task.from_dict({**own, "ratings": reference}, "own.toml"), texts(folder)),
    }


@pytest.mark.parametrize("shape", ["a column a criterion", "a criterion a row", "the data themselves", "named columns"])
def test_every_shape_of_a_table_of_ratings_gives_the_same_rows(shape: str, tmp_path: Path) -> None:
    task, data = shapes(tmp_path)[shape]
    rows = load_rows(task, data)
    assert [(row["row_id"], row["text"]) for row in rows] == [("a", "Hello"), ("b", "Bye")]
    for row in rows:
        assert (row["helpful"], row["tone"]) == pytest.approx(MEANS[row["row_id"]])
    assert {row["row_id"]: row["rater_scores"] for row in rows} == SINGLE


def test_a_task_of_one_criterion_needs_no_column_that_names_it(tmp_path: Path) -> None:
    task = rated_singly(
        task_from_flags("text", "helpful:1-5", row="id"),
        write(tmp_path / "r.csv", "item,rater,score", [("a", "x", 1), ("b", "x", 5), ("b", "y", 4)]), None,
    )  # fmt: skip
    assert [row["helpful"] for row in load_rows(task, texts(tmp_path))] == [1.0, 4.5]


def test_a_criterion_that_nobody_rated_singly_is_read_from_the_data(tmp_path: Path) -> None:
    data = write(tmp_path / "d.csv", "id,text,tone", [("a", "Hello", 2)])
    ratings = write(tmp_path / "r.csv", "id,rater,helpful", [("a", "x", 1), ("a", "y", 2)])
    (row,) = load_rows(rated_singly(two_criteria(), ratings, None), data)
    assert (row["helpful"], row["tone"], list(row["rater_scores"])) == (1.5, 2.0, ["helpful"])


def test_tasks_with_raters_survive_json_and_others_are_written_as_ever(tmp_path: Path) -> None:
    for task in (task_from_flags("text", CRITERIA), *(task for task, _ in shapes(tmp_path).values())):
        assert Task.from_dict(json.loads(json.dumps(task.to_dict())), "config.json") == task
    plain = two_criteria().to_dict()
    assert "ratings" not in plain
    assert all("raters" not in each for each in plain["criteria"])  # type: ignore[attr-defined]


def test_a_task_file_names_raters_or_a_table_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = 'name = "own"\ninstructions = "Judge."\nrow = "id"\n[[inputs]]\nname = "text"\n'
    tone = '[[criteria]]\nname = "tone"\nscale = [0, 3]\n'
    (tmp_path / "wide.toml").write_text(top.replace('row = "id"\n', "") + tone + 'raters = ["dora", "emil"]\n')
    assert load_rows(load_task(str(tmp_path / "wide.toml")), wide(tmp_path, ("Hi", "", "", "", 3, 0)))[0]["tone"] == 1.5
    (tmp_path / "long.toml").write_text(top + tone + '[ratings]\nfile = "r.csv"\n')
    write(tmp_path / "r.csv", "id,rater,tone", [("a", "x", 1), ("b", "y", 2)])
    task = load_task(str(tmp_path / "long.toml"))
    monkeypatch.chdir("/")
    assert [row["tone"] for row in load_rows(task, texts(tmp_path))] == [1.0, 2.0]


def test_other_single_scores_with_the_same_mean_are_other_data(tmp_path: Path) -> None:
    task = task_from_flags("text", "helpful:1-5@anna,ben")
    hashes = {
        data_hash(load_rows(task, wide(tmp_path, ("Hi", *pair, "", "", "")))) for pair in ((1, 5), (2, 4), (3, 3))
    }
    assert len(hashes) == 3


BAD_FLAGS = {
    "one rater": ("a:1-5@x", ["'a'", "'x' only", "name two"]),
    "no rater": ("a:1-5@", ["'a'", "a:1-5@anna,ben"]),
    "an empty rater": ("a:1-5@x,,y", ["empty item"]),
    "a criterion without scale among raters": ("a:1-5@x,y,tone=Tone", ["tone=Tone"]),
    "raters of no scale": ("a:1-5@x,y,tone@t,u", ["'tone@t'", "neither", "a:1-5@anna,ben"]),
    "raters without a scale": ("tone@t,u", ["'tone@t' has no scale"]),
    "no scale after a plain criterion": ("a:1-5,tone", ["'tone' has no scale"]),
    "two scales": ("a:1-5@x:1-3", ["'x:1-3'", "task file"]),
    "a rater twice": ("a:1-5@x,y,x", ["'x'", "twice"]),
    "one rater of two criteria": ("a:1-5@x,y,b:1-5@x,z", ["'x'", "'b' and of 'a'"]),
    "a rater that is the text": ("a:1-5@x,t", ["'t' and 'a' both read column 't'"]),
    "a rater that is another's column": ("a:1-5@x,b,b:1-5", ["'b' and 'a' both read column 'b'"]),
    "a column and raters": ("a=A:1-5@x,y", ["'A'", "drop the column"]),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_raters_in_flags_are_one_line(case: str, tmp_path: Path) -> None:
    criteria, expected = BAD_FLAGS[case]
    if case == "a criterion without scale among raters":  # it can be no other thing than a column's name
        task = task_from_flags("t", criteria)
        message = complaint(lambda: load_rows(task, write(tmp_path / "d.csv", "t,x,y", [("a", 1, 2)])))
    else:
        message = complaint(lambda: task_from_flags("t", criteria))
        assert message.startswith("--")
    assert all(part in message for part in expected), message


BAD_CELLS = {
    "off the scale": (("Hi", 5, 6, 4, 3, 0), ["row 2, column 'ben'", "outside the scale 1-5"]),
    "a word": (("Hi", 5, "good", 4, 3, 0), ["row 2, column 'ben'", "not a number"]),
    "no rater at all": (("Hi", "", " ", "", 3, 0), ["row 2, columns 'anna', 'ben', 'carl'", "all are empty", "1-5"]),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_bad_cells_of_raters_are_one_line_with_row_and_column(case: str, tmp_path: Path) -> None:
    row, expected = BAD_CELLS[case]
    data = wide(tmp_path, ("Hi", 5, 4, 4, 3, 0), row)
    message = complaint(lambda: load_rows(task_from_flags("text", CRITERIA), data))
    assert message.startswith(f"{data}, row 2")
    assert all(part in message for part in expected), message


def test_a_missing_rater_column_is_named(tmp_path: Path) -> None:
    data = wide(tmp_path, ("Hi", 5, 4, 4, 3, 0))
    message = complaint(lambda: load_rows(task_from_flags("text", "helpful:1-5@anna,bem"), data))
    assert message.startswith(f"{data}: no column 'bem'; did you mean 'ben'?")


BAD_RATINGS = {
    "an unknown item": ("id,rater,helpful,tone", [(item, "x", 1, 1) for item in "abcd"],
                        ["row 3: the item 'c' is no row id of", "(2 of 4"]),
    "an item without ratings": ("id,rater,helpful,tone", [("a", "x", 1, 1)], ["row 2", "no score of 'helpful'", "'b'"]),
    "a criterion without scores": ("id,rater,helpful,tone", [("a", "x", 1, 1), ("b", "x", 1, "")],
                                   ["row 2", "no score of 'tone'", "'b'"]),
    "a rater twice": ("id,rater,helpful,tone", [("a", "x", 1, 1), ("b", "x", 1, 1), ("a", "x", 2, "")],
                      ["row 3: the rater 'x' has scored 'helpful' of the item 'a' in row 1 already"]),
    "off the scale": ("id,rater,helpful,tone", [("a", "x", 1, 9)], ["row 1, column 'tone': is '9', outside the scale"]),
    "no rater": ("id,rater,helpful,tone", [("a", "", 1, 1)], ["row 1, column 'rater': is empty"]),
    "no item": ("id,rater,helpful,tone", [("", "x", 1, 1)], ["row 1, column 'id': is empty"]),
    "no rater column": ("id,who,helpful,tone", [("a", "x", 1, 1)], ["no column 'rater' or 'rater_id'", "it has 'id'"]),
    "no item column": ("text,rater,helpful", [("a", "x", 1)], ["no column 'id' or 'row_id'"]),
    "no criterion": ("id,rater,value", [("a", "x", 1)], ["no column 'helpful' or 'tone' or 'criterion'"]),
    "no score": ("id,rater,criterion", [("a", "x", "tone")], ["no column 'score' or 'rating'"]),
    "an unknown criterion": ("id,rater,criterion,score", [("a", "x", "tones", 1)],
                             ["row 1, column 'criterion': is 'tones', no criterion; did you mean 'tone'?", "helpful"]),
    "a score off the scale": ("id,rater,criterion,score", [("a", "x", "tone", 4)], ["row 1, column 'score'", "0-3"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_RATINGS)
def test_bad_tables_of_ratings_are_one_line_with_file_and_row(case: str, tmp_path: Path) -> None:
    header, rows, expected = BAD_RATINGS[case]
    ratings = write(tmp_path / "ratings.csv", header, rows)
    message = complaint(lambda: load_rows(rated_singly(two_criteria(), ratings, None), texts(tmp_path)))
    assert ratings in message
    assert all(part in message for part in expected), message


def test_ratings_need_row_ids_in_the_data(tmp_path: Path) -> None:
    ratings = write(tmp_path / "r.csv", "id,rater,tone", [("a", "x", 1)])
    task = rated_singly(task_from_flags("text", "tone:0-3"), ratings, None)
    assert "--row COLUMN" in complaint(lambda: load_rows(task, texts(tmp_path)))
    ratings = write(tmp_path / "r.csv", "id,rater,anger,fear,joy,sadness,surprise", [("a", "x", 1, 1, 1, 1, 1)])
    brighter = rated_singly(load_task("brighter"), ratings, None)  # whose id column may lack elsewhere
    assert "no column 'id'" in complaint(lambda: load_rows(brighter, write(tmp_path / "d.csv", "text", [("Hi",)])))


def test_an_items_rows_may_differ_in_nothing_else(tmp_path: Path) -> None:
    rows = [("a", "Hi", "x", 1, 1), ("b", "Bye", "x", 1, 1), ("a", "Hi!", "y", 2, 2)]
    data = write(tmp_path / "long.csv", "id,text,who,helpful,tone", rows)
    message = complaint(lambda: load_rows(rated_singly(two_criteria(), None, "who"), data))
    assert message.startswith(f"{data}, row 3: its 'text' is not that of row 1, which has the same id 'a'")


def test_a_missing_file_of_ratings_is_one_line(tmp_path: Path) -> None:
    task = rated_singly(two_criteria(), str(tmp_path / "none.csv"), None)
    assert complaint(lambda: load_rows(task, texts(tmp_path))).startswith(f"{tmp_path / 'none.csv'}: cannot be read")


def test_flags_stand_in_place_of_a_tasks_raters(tmp_path: Path) -> None:
    task = task_from_flags("text", CRITERIA)
    ratings = write(tmp_path / "r.csv", "id,rater,helpful,tone", SCORES)
    rows = load_rows(rated_singly(task, ratings, None, "id"), texts(tmp_path))
    assert {row["row_id"]: row["rater_scores"] for row in rows} == SINGLE
    assert rated_singly(task, None, None) == task


BAD_TASKS = {
    "raters and a column": ('raters = ["x", "y"]\ncolumn = "z"\n', ["criteria 1", "'raters' and 'column'"]),
    "one rater": ('raters = "x"\n', ["'helpful'", "'x' only"]),
    "raters of numbers": ("raters = [1, 2]\n", ["criteria 1", "'raters'"]),
    "an unknown key of ratings": ('[ratings]\nfiles = "r.csv"\n', ["ratings", "'files'", "did you mean 'file'?"]),
    "ratings as text": ('ratings = "r.csv"\n', ["criteria 1", "'ratings'"]),
    "raters and ratings": ('raters = ["x", "y"]\n[ratings]\nfile = "r.csv"\n', ["'own'", "give one of them"]),
    "lists of single ratings": ('[ratings]\nrater = "x"\n[expand]\ncolumns = ["text"]\n', ["lists", "name a file"]),
}


@pytest.mark.parametrize("case", BAD_TASKS)
def test_bad_raters_in_task_files_are_one_line(case: str, tmp_path: Path) -> None:
    addition, expected = BAD_TASKS[case]
    inputs, criteria = '[[inputs]]\nname = "text"\n', '[[criteria]]\nname = "helpful"\nscale = [1, 5]\n'
    top = f'name = "own"\ninstructions = "Judge."\n{inputs}{criteria}'
    (tmp_path / "own.toml").write_text(top + addition, encoding="utf-8")
    message = complaint(lambda: load_task(str(tmp_path / "own.toml")))
    assert all(part in message for part in expected), message
