"""Every command that writes, on a disk that is or gets full, that is read-only, or that belongs to somebody else.

    python -m tests.reliability.full_disk [ROUNDS (4)] [SEED (0)] [WRITER ...]

Each must say in one line which file cannot be written and what to do, with exit code 2, and go on by the same command
once there is room, without repeating a call. Each round leaves another amount of room. A tmpfs must be mountable here.
"""

import random
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from programs.records.appended import RESERVE
from tests.measured import Figure, keep
from tests.processes import forkserver
from tests.reliability.cases import CASES, begin, differences, write_table
from tests.reliability.disks import PAGE, fill, lock, read_only, small_disk
from tests.reliability.kill_points import MODULES
from tests.reliability.recording_server import RecordingServer, recording_server
from tests.reliability.sessions import Session
from tests.reliability.writers import WRITERS, Writer

SIZE = 64 * 2**20


@dataclass
class Counts:
    """What was tried and how it went; `again` counts the LM calls that were repeated."""

    full: int = 0
    full_well: int = 0
    refused: int = 0
    refused_well: int = 0
    calls: int = 0
    again: int = 0
    failures: list[str] = field(default_factory=list)


class Disks:
    """The trials, on one disk and one server."""

    def __init__(self, place: Path, disk: Path, server: RecordingServer, forked: Any) -> None:
        self.place = place
        self.disk = disk
        self.server = server
        self.forked = forked
        self.counts = Counts()
        self.data = write_table(place / "rated.csv")
        self.cells = 0

    def made(self, name: str | None) -> Path | None:
        """The finished folder of a case."""
        if name is None:
            return None
        folder = self.place / f"made {name}".replace(" ", "-")
        if not folder.exists():
            begin(folder, None)
            assert Session(CASES[name].given(folder, self.server.url, self.data), self.forked).end() == 0
        return folder

    def whole(self, writer: Writer) -> tuple[Path, int]:
        """What the command writes where there is room, and how many requests it takes."""
        out, _ = self._out(writer)
        self.server.arrived.clear()
        code, said = self._run(writer, out)
        assert code == 0, f"{writer.name}: {said}"
        kept = self.place / f"whole {writer.name}".replace(" ", "-")
        shutil.copytree(out, kept)
        return kept, self.server.arrived.total()

    def full(self, writer: Writer, whole: Path, requests: int, left: int) -> None:
        """With so many bytes of room, and then with enough."""
        out, place = self._out(writer)
        filler = fill(self.disk, left)
        self.server.arrived.clear()
        code, said = self._run(writer, out, place)
        self.counts.full += 1
        problems = [] if code == 0 else self._problems(code, said, out, "No space left on device")
        filler.unlink()
        code, said = self._run(writer, out, place)
        problems += [f"with room again: exit code {code}: {said[-500:]}"] if code else differences(whole, out)
        again = self.server.arrived.total() - requests
        self.counts.calls += requests
        self.counts.again += again
        problems += [f"{again} calls more than {requests}"] if again else []
        self._note(writer, f"{left} bytes left", problems)
        self.counts.full_well += not problems

    def refused(self, writer: Writer, whole: Path, *, by_mode: bool) -> None:
        """On a disk that is read-only, or in a folder whose mode forbids to write; and then with the right to."""
        out, place = self._out(writer)
        self.server.arrived.clear()
        if by_mode:
            words = "Permission denied"
            lock(out, locked=True)
            code, said = self._run(writer, out, place, lawful=True)
            lock(out, locked=False)
        else:
            words = "Read-only file system"
            with read_only(self.disk):
                code, said = self._run(writer, out, place)
        self.counts.refused += 1
        problems = self._problems(code, said, out, words)
        problems += ["something was asked"] if self.server.arrived else []
        code, said = self._run(writer, out, place)
        problems += [f"with the right to write: exit code {code}: {said[-500:]}"] if code else differences(whole, out)
        self._note(writer, "forbidden by mode" if by_mode else "read-only", problems)
        self.counts.refused_well += not problems

    def _out(self, writer: Writer) -> tuple[Path, Path]:
        """An empty disk with what the command needs, and a folder to stand in."""
        for path in self.disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.cells += 1
        place = self.place / f"trial {self.cells}".replace(" ", "-")
        place.mkdir()
        writer.prepare(self.made(writer.needs), self.disk / "out")
        return self.disk / "out", place

    def _run(
        self, writer: Writer, out: Path, place: Path | None = None, lawful: bool = False
    ) -> tuple[int | None, str]:
        command = writer.given(place or self.place, self.made(writer.needs), out, self.server.url, self.data)
        session = Session(replace(command, lawful=lawful), self.forked)
        return session.end(), session.said

    def _problems(self, code: int | None, said: str, out: Path, words: str) -> list[str]:
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        found = [] if code == 2 else [f"exit code {code}: {said[-1500:]}"]
        if len(errors) != 1 or words not in errors[0] or not self._names(errors[0], out):
            found.append(f"says {errors or said[-1500:]}")
        return found + (["a traceback"] if "Traceback" in said else [])

    def _names(self, line: str, out: Path) -> bool:
        """Whether it names a file or folder of the disk, and what to do."""
        return str(out) in line and (";" in line or ": " in line)

    def _note(self, writer: Writer, how: str, problems: list[str]) -> None:
        print(f"{writer.name}, {how}: {'; '.join(problems) or 'well'}", flush=True)
        if problems:
            self.counts.failures.append(f"{writer.name}, {how}")


def run(rounds: int, seed: int, writers: list[Writer], place: Path) -> Counts:
    """All trials; `place` is a folder for their files."""
    forked, chance = forkserver(*(f"programs.{module}" for module in MODULES)), random.Random(seed)
    with recording_server(0.005) as server, small_disk(place / "disk", SIZE) as disk:
        disks = Disks(place, disk, server, forked)
        for writer in writers:
            whole, requests = disks.whole(writer)
            pages = sum(path.stat().st_size // PAGE + 1 for path in whole.rglob("*"))
            disks.full(writer, whole, requests, 0)
            for _ in range(rounds):
                room = chance.randint(0, min(pages, 60)) * PAGE
                disks.full(writer, whole, requests, room + RESERVE * chance.randint(0, int(requests > 0)))
            disks.refused(writer, whole, by_mode=False)
            disks.refused(writer, whole, by_mode=True)
    return disks.counts


def figures(counts: Counts) -> list[Figure]:
    return [
        Figure(
            "commands on a disk that is or gets full: one line, exit code 2, and gone on with to the same files",
            f"{counts.full_well} of {counts.full}", "all", counts.full_well == counts.full,
        ),
        Figure(
            "LM calls repeated once there was room again",
            f"{counts.again} of {counts.calls}", "0", counts.again == 0,
        ),
        Figure(
            "commands on a read-only disk, or in a folder that may not be written to: one line, exit code 2, nothing asked",
            f"{counts.refused_well} of {counts.refused}", "all", counts.refused_well == counts.refused,
        ),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    rounds, seed = int(arguments[0]) if arguments else 4, int(arguments[1]) if arguments[1:] else 0
    chosen = [writer for writer in WRITERS if not arguments[2:] or writer.name in arguments[2:]]
    place = Path(tempfile.mkdtemp(prefix="judgegrad-full-disk-"))
    counts = run(rounds, seed, chosen, place)
    for failure in counts.failures:
        print(f"failed: {failure}")
    shutil.rmtree(place)
    return keep("full-disk", "reliability", 1, "python -m tests.reliability.full_disk", figures(counts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
