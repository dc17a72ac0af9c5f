"""The planted notes: enough of each kind, and every suggestion in them speaks for itself."""

import pytest

from metrics.calibration import GENERIC, GRADES, MIXED, SPECIFIC
from metrics.masking import HIDDEN, mask
from metrics.suggestions import suggestions
from programs.diagnostics.planted import planted_notes
from programs.tasks.task import Task, load_task

BUILT_IN = ("sample", "brighter", "summeval")


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_tasks_have_notes_of_every_kind_written_by_hand(name: str) -> None:
    task = load_task(name)
    found = planted_notes(task)
    kinds = [note.kind for note in found.notes]
    assert found.source == "written by hand"
    assert kinds.count(SPECIFIC) == 2 * len(task.criteria)
    assert kinds.count(GENERIC) == 6
    assert kinds.count(MIXED) == 3
    assert {note.about for note in found.notes if note.kind == SPECIFIC} == set(task.criterion_names)


def test_there_are_at_least_24_different_notes() -> None:
    assert len({note.text for name in BUILT_IN for note in planted_notes(load_task(name)).notes}) >= 24


@pytest.mark.parametrize("name", BUILT_IN)
def test_specific_and_generic_notes_hold_two_suggestions_each_and_no_name_is_left_in_them(name: str) -> None:
    task = load_task(name)
    for note in planted_notes(task).notes:
        found = [mask(text, task.criteria) for text in suggestions(note.text)]
        assert len(found) == 2 or note.kind == MIXED
        assert all(text.replace(HIDDEN, "").count(" ") >= 2 for text in found)
        if note.kind == GENERIC:  # nothing to hide, whatever the task
            assert not any(HIDDEN in text for text in found)


def test_a_note_is_right_for_one_criterion_and_wrong_for_the_others() -> None:
    task = load_task("sample")
    for note in planted_notes(task).notes:
        grades = sorted(note.grade(name) for name in task.criterion_names)
        assert grades == ([SPECIFIC] + ["wrong"] * 3 if note.kind == SPECIFIC else [note.kind] * 4)
        assert note.kind in (*GRADES, MIXED)


def test_own_tasks_get_notes_from_titles_and_descriptions(task: Task) -> None:
    found = planted_notes(task)
    assert found.source == "templates"
    assert [note.about for note in found.notes if note.kind == SPECIFIC] == [
        name for name in task.criterion_names for _ in range(4)
    ]
    assert all(suggestions(note.text) for note in found.notes)


def test_a_task_of_a_built_in_name_with_other_criteria_is_an_own_task(task: Task) -> None:
    other = Task("sample", task.instructions, task.inputs, task.criteria)
    assert planted_notes(other).source == "templates"
