"""What the harnesses of disks and of interrupts share: commands tried in a folder of their own, and gone on with."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.reliability.cases import CASES, begin, write_table
from tests.reliability.recording_server import RecordingServer
from tests.reliability.sessions import Session
from tests.reliability.writers import Writer


class Trials:
    """Commands whose output goes to `disk`, against one server; `place` holds everything else."""

    def __init__(self, place: Path, disk: Path, server: RecordingServer, forked: Any) -> None:
        self.place = place
        self.out = disk / "out"
        self.server = server
        self.forked = forked
        self.data = write_table(place / "rated.csv")
        self.failures: list[str] = []
        self._folders = 0
        self._stand = place

    def made(self, name: str | None) -> Path | None:
        """The finished folder of a case."""
        if name is None:
            return None
        folder = self.place / f"made {name}".replace(" ", "-")
        if not folder.exists():
            begin(folder, None)
            session = Session(CASES[name].given(folder, self.server.url, self.data), self.forked)
            assert session.end() == 0, session.said
        return folder

    def whole(self, writer: Writer) -> tuple[Path, int]:
        """What the command writes when nothing goes wrong, and how many requests it takes."""
        self.anew(writer)
        code, said = self.run(writer)
        assert code == 0, f"{writer.name}: {said}"
        kept = self.place / f"whole {writer.name}".replace(" ", "-")
        shutil.copytree(self.out, kept)
        return kept, self.server.arrived.total()

    def anew(self, writer: Writer) -> None:
        """Only what the command needs is there, and it stands in another folder; requests are counted from here."""
        if self.out.exists():
            shutil.rmtree(self.out)
        self._folders += 1
        self._stand = self.place / f"trial {self._folders}".replace(" ", "-")
        self._stand.mkdir()
        writer.prepare(self.made(writer.needs), self.out)
        self.server.arrived.clear()

    def begun(self, writer: Writer, *, lawful: bool = False) -> Session:
        """The command, under way."""
        command = writer.given(self._stand, self.made(writer.needs), self.out, self.server.url, self.data)
        return Session(replace(command, lawful=lawful), self.forked)

    def run(self, writer: Writer, *, lawful: bool = False) -> tuple[int | None, str]:
        """The command, to its end: exit code, and what it said."""
        session = self.begun(writer, lawful=lawful)
        return session.end(), session.said

    def note(self, writer: Writer, how: str, problems: list[str]) -> bool:
        """Whether all went well, which is said."""
        print(f"{writer.name}, {how}: {'; '.join(problems) or 'well'}", flush=True)
        if problems:
            self.failures.append(f"{writer.name}, {how}")
        return not problems


def error_line(said: str) -> tuple[str, list[str]]:
    """The one line of error, and what is wrong with what was said."""
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    problems = [] if len(errors) == 1 else [f"says {errors or said[-1500:]}"]
    return "".join(errors), problems + (["a traceback"] if "Traceback" in said else [])
