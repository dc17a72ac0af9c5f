"""One command on a disk that gets full and is read-only; `python -m tests.reliability.full_disk` has all that write."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.records.appended import RESERVE
from tests.processes import forkserver
from tests.reliability.disks import PAGE, NoDisk, small_disk
from tests.reliability.full_disk import Disks
from tests.reliability.recording_server import recording_server
from tests.reliability.writers import WRITERS


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Disks]:
    try:
        with recording_server(0.002) as server, small_disk(tmp_path / "disk", 16 * 2**20) as disk:
            yield Disks(tmp_path, disk, server, forkserver())
    except NoDisk as error:
        pytest.skip(f"no disk can be mounted here: {error}")


def test_a_run_says_which_file_and_what_to_do_and_goes_on_without_repeating_a_call(disks: Disks) -> None:
    (writer,) = (each for each in WRITERS if each.name == "optimize")
    whole, requests = disks.whole(writer)
    disks.fills(writer, whole, requests, RESERVE + 6 * PAGE)
    disks.refuses(writer, whole, by_mode=False)
    assert not disks.failures
    assert disks.again == 0
