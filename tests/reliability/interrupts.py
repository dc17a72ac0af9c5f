"""Ctrl-C and SIGTERM, once and twice, and a second process, on every command that pays for LM calls.

    python -m tests.reliability.interrupts [SEED (0)] [WRITER ...]

The first signal starts nothing more, lets what is in flight end, keeps it, and says how to go on; where the server
hangs, the second one leaves it. The command that goes on then repeats no call that has ended. While one process is at
work, a second one on the same folder is refused in one line and asks nothing.
"""

import random
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.measured import Figure, keep
from tests.processes import forkserver
from tests.reliability.cases import differences
from tests.reliability.recording_server import recording_server
from tests.reliability.sessions import Command, Session
from tests.reliability.trials import Trials, error_line
from tests.reliability.writers import WRITERS, Writer

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
THREADS = 4
PAYING = [writer for writer in WRITERS if writer.command not in ("export", "advise", "report")]
LOCKED = ("optimize", "study", "interference", "diagnose", "score", "check")
"""Commands that write while they ask, so that two of them in one place would mix."""

GOES_ON = re.compile(r"--resume|the same command|run the same command again")


class Interrupts(Trials):
    """The trials, counted; `again` are LM calls repeated though they had ended."""

    struck = struck_well = left = left_well = refused = refused_well = calls = again = 0
    slowest = 0.0

    def once(self, writer: Writer, whole: Path, requests: int, number: signal.Signals, at: int) -> None:
        """A signal after the `at`-th request: all that was sent is answered, and nothing of it is asked again."""
        self.anew(writer)
        session = self.begun(writer)
        session.wait(lambda: self.server.arrived.total() >= at)
        session.signal(number)
        code, said = session.end(), session.said
        problems = self._ended(code, said, number)
        if self.server.arrived.total() == requests and code == 0:  # it had nothing left to do
            problems = []
        problems += self._goes_on(writer, whole)
        again = self.server.arrived.total() - requests
        problems += [f"{again} calls more than {requests}"] if again else []
        self.calls += requests
        self.again += again
        self.struck += 1
        self.struck_well += self.note(writer, f"{number.name} after {at} of {requests} requests", problems)

    def twice(self, writer: Writer, whole: Path, requests: int, number: signal.Signals, at: int) -> None:
        """Two signals while the server hangs: the second one ends it at once."""
        self.anew(writer)
        session = self.begun(writer)
        session.wait(lambda: self.server.arrived.total() >= at)
        self.server.hanging.set()
        session.wait(lambda: self._still())
        session.signal(number)
        session.wait(lambda: "Ctrl-C again leaves them" in session.said)
        second = time.monotonic()
        session.signal(number)
        code, said = session.end(), session.said
        seconds = time.monotonic() - second
        self.server.hanging.clear()
        problems = self._ended(code, said, number)
        problems += self._goes_on(writer, whole)
        again = self.server.arrived.total() - requests
        problems += [f"{again} calls more than {requests}"] if again > THREADS else []
        self.left += 1
        self.slowest = max(self.slowest, seconds)
        self.left_well += self.note(writer, f"{number.name} twice at a server that hangs", problems)

    def second(self, writer: Writer, whole: Path) -> None:
        """A second process while the first waits for a reply."""
        self.anew(writer)
        self.server.hanging.set()
        first = self.begun(writer)
        first.wait(lambda: self._still())
        asked = self.server.arrived.total()
        code, said = self.run(writer)
        line, problems = error_line(said)
        if code != 2 or "in use by another process" not in line:
            problems.append(f"exit code {code}, says {line!r}")
        problems += ["it asked something"] if self.server.arrived.total() > asked else []
        self.server.hanging.clear()
        code = first.end()
        problems += [f"the first: exit code {code}"] if code else differences(whole, self.out)
        self.refused += 1
        self.refused_well += self.note(writer, "a second process", problems)

    def report_meanwhile(self, writer: Writer) -> None:
        """report.py on a run that goes on: refused in one line, and the run is not disturbed."""
        self.anew(writer)
        self.server.hanging.set()
        first = self.begun(writer)
        first.wait(lambda: self._still())
        command = Command("report", ["two", "--runs-dir", str(self.out)], self.place, self.place / "report.screen")
        session = Session(command, self.forked)
        code = session.end()
        line, problems = error_line(session.said)
        if code != 2 or "has not ended" not in line:
            problems.append(f"exit code {code}, says {line!r}")
        self.server.hanging.clear()
        code = first.end()
        problems += [f"the first: exit code {code}"] if code else []
        self.refused += 1
        self.refused_well += self.note(writer, "report.py meanwhile", problems)

    def _still(self) -> bool:
        """Whether the server has as many requests as it gets while it answers none."""
        seen = self.server.arrived.total()
        time.sleep(0.3)
        return 0 < seen == self.server.arrived.total()

    def _ended(self, code: int | None, said: str, number: signal.Signals) -> list[str]:
        _, problems = error_line(said)
        problems += [] if code == CODES[number] else [f"exit code {code}: {said[-1000:]}"]
        return problems + ([] if GOES_ON.search(said) else [f"does not say how to go on: {said[-500:]}"])

    def _goes_on(self, writer: Writer, whole: Path) -> list[str]:
        code, said = self.run(writer)
        return differences(whole, self.out) if code == 0 else [f"the second time exit code {code}: {said[-500:]}"]


def run(seed: int, writers: list[Writer], place: Path) -> Interrupts:
    """All trials; `place` is a folder for their files."""
    forked, chance = forkserver(), random.Random(seed)
    (disk := place / "disk").mkdir()
    with recording_server(0.05) as server:
        trials = Interrupts(place, disk, server, forked)
        for writer in writers:
            whole, requests = trials.whole(writer)
            for number in CODES:
                trials.once(writer, whole, requests, number, chance.randint(1, max(requests - 2 * THREADS, 1)))
                trials.twice(writer, whole, requests, number, chance.randint(1, max(requests - 2 * THREADS, 1)))
            if writer.command in LOCKED:
                trials.second(writer, whole)
            if writer.command == "optimize":
                trials.report_meanwhile(writer)
    return trials


def figures(trials: Interrupts) -> list[Figure]:
    return [
        Figure(
            "commands interrupted once (Ctrl-C, SIGTERM): what was in flight is kept, and how to go on is said",
            f"{trials.struck_well} of {trials.struck}", "all", trials.struck_well == trials.struck,
        ),
        Figure("LM calls repeated after that", f"{trials.again} of {trials.calls}", "0", trials.again == 0),
        Figure(
            "commands interrupted twice while the server hangs: ended, and gone on with",
            f"{trials.left_well} of {trials.left}, in {trials.slowest:.1f} s at most", "all",
            trials.left_well == trials.left,
        ),
        Figure(
            "second processes on a folder in use: refused in one line, nothing asked",
            f"{trials.refused_well} of {trials.refused}", "all", trials.refused_well == trials.refused,
        ),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    seed = int(arguments[0]) if arguments else 0
    chosen = [writer for writer in PAYING if not arguments[1:] or writer.name in arguments[1:]]
    place = Path(tempfile.mkdtemp(prefix="judgegrad-interrupts-"))
    trials = run(seed, chosen, place)
    for failure in trials.failures:
        print(f"failed: {failure}")
    shutil.rmtree(place)
    return keep("interrupts", "reliability", 1, "python -m tests.reliability.interrupts", figures(trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
