"""Where the real rated data are, and small tasks and tables that the tests of this folder share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from programs.errors import UserError
from programs.tasks.describe import task_from_flags
from programs.tasks.task import Task

_SHARED = Path(os.environ.get("JUDGEGRAD_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def shared_data() -> Callable[[str], str]:
    """The path of a file of real data; the test is skipped where it is not there."""

    def find(name: str) -> str:
        if not (_SHARED / name).exists():
            pytest.skip(f"no {name} (set JUDGEGRAD_DATA to its folder)")
        return str(_SHARED / name)

    return find


@pytest.fixture
def own_task() -> Task:
    """A task of a user's own table: columns text, helpful (1-5), polite (0-3) and the document's id."""
    return task_from_flags(inputs="text", criteria="helpful:1-5,polite:0-3", group="id")


def complaint(action: Callable[[], object]) -> str:
    """The message of the UserError that `action` raises, which must be one line."""
    with pytest.raises(UserError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message
