"""Every command that writes, on a disk that is or gets full, that is read-only, or that belongs to somebody else.

    python -m tests.reliability.full_disk [ROUNDS (2)] [SEED (0)] [WRITER ...]

Each must say in one line which file cannot be written and what to do, with exit code 2, and go on by the same command
once there is room, without repeating a call. Each round leaves another amount of room. A tmpfs must be mountable here.
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

from programs.records.appended import RESERVE
from tests.measured import Figure, keep
from tests.processes import forkserver
from tests.reliability.cases import differences
from tests.reliability.disks import PAGE, fill, lock, read_only, small_disk
from tests.reliability.recording_server import recording_server
from tests.reliability.trials import Trials, error_line
from tests.reliability.writers import WRITERS, Writer

SIZE = 64 * 2**20


class Disks(Trials):
    """The trials on a disk, counted; `again` are LM calls that were repeated."""

    full = full_well = refused = refused_well = calls = again = 0

    def fills(self, writer: Writer, whole: Path, requests: int, left: int) -> None:
        """With so many bytes of room, and then with enough."""
        self.anew(writer)
        filler = fill(self.out.parent, left)
        code, said = self.run(writer)
        problems = [] if code == 0 else self._problems(code, said, "No space left on device")
        filler.unlink()
        problems += self._goes_on(writer, whole)
        again = self.server.arrived.total() - requests
        problems += [f"{again} calls more than {requests}"] if again else []
        self.full += 1
        self.calls += requests
        self.again += again
        self.full_well += self.note(writer, f"{left} bytes left", problems)

    def refuses(self, writer: Writer, whole: Path, *, by_mode: bool) -> None:
        """On a disk that is read-only, or in a folder whose mode forbids to write; and then with the right to."""
        self.anew(writer)
        if by_mode:
            words = "Permission denied"
            lock(self.out, locked=True)
            code, said = self.run(writer, lawful=True)
            lock(self.out, locked=False)
        else:
            words = "Read-only file system"
            with read_only(self.out.parent):
                code, said = self.run(writer)
        problems = self._problems(code, said, words)
        problems += ["something was asked"] if self.server.arrived else []
        problems += self._goes_on(writer, whole)
        self.refused += 1
        self.refused_well += self.note(writer, "forbidden by mode" if by_mode else "read-only", problems)

    def _goes_on(self, writer: Writer, whole: Path) -> list[str]:
        code, said = self.run(writer)
        return differences(whole, self.out) if code == 0 else [f"the second time exit code {code}: {said[-500:]}"]

    def _problems(self, code: int | None, said: str, words: str) -> list[str]:
        line, problems = error_line(said)
        if words not in line or str(self.out) not in line or ";" not in line:  # what happened, where, what to do
            problems.append(f"says {line!r}")
        return problems + ([] if code == 2 else [f"exit code {code}: {said[-1500:]}"])


def run(rounds: int, seed: int, writers: list[Writer], place: Path) -> Disks:
    """All trials; `place` is a folder for their files."""
    forked, chance = forkserver(), random.Random(seed)
    with recording_server(0.005) as server, small_disk(place / "disk", SIZE) as disk:
        disks = Disks(place, disk, server, forked)
        for writer in writers:
            whole, requests = disks.whole(writer)
            pages = sum(path.stat().st_size // PAGE + 1 for path in whole.rglob("*"))
            disks.fills(writer, whole, requests, 0)
            for _ in range(rounds):
                room = chance.randint(0, min(pages, 60)) * PAGE
                disks.fills(writer, whole, requests, room + RESERVE * chance.randint(0, int(requests > 0)))
            disks.refuses(writer, whole, by_mode=False)
            disks.refuses(writer, whole, by_mode=True)
    return disks


def figures(disks: Disks) -> list[Figure]:
    return [
        Figure(
            "commands on a disk that is or gets full: one line, exit code 2, and gone on with to the same files",
            f"{disks.full_well} of {disks.full}", "all", disks.full_well == disks.full,
        ),
        Figure(
            "LM calls repeated once there was room again",
            f"{disks.again} of {disks.calls}", "0", disks.again == 0,
        ),
        Figure(
            "commands on a read-only disk, or in a folder closed to them: one line, exit code 2, nothing asked",
            f"{disks.refused_well} of {disks.refused}", "all", disks.refused_well == disks.refused,
        ),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    rounds, seed = int(arguments[0]) if arguments else 2, int(arguments[1]) if arguments[1:] else 0
    chosen = [writer for writer in WRITERS if not arguments[2:] or writer.name in arguments[2:]]
    place = Path(tempfile.mkdtemp(prefix="judgegrad-full-disk-"))
    disks = run(rounds, seed, chosen, place)
    for failure in disks.failures:
        print(f"failed: {failure}")
    shutil.rmtree(place)
    return keep("full-disk", "reliability", 1, "python -m tests.reliability.full_disk", figures(disks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
