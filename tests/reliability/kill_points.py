"""Commands killed (SIGKILL) at random moments and gone on with: nothing is paid for twice, and every file is the same.

    python -m tests.reliability.kill_points [POINTS (50)] [SEED (0)] [CASE ...]

Each point is a command of its turn (optimize.py in several modes, study.py, interference.py, diagnose.py, score.py),
killed once or several times, at the N-th request, at any time of its life, while it writes its last files, or before
its N-th file operation, and gone on with until it ends. Every fifth point is started as a person does; the others are
forked, which takes milliseconds. A failure names seed, point and moments, and its folders are kept.
"""

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.measured import Figure, keep
from tests.processes import forkserver
from tests.reliability.cases import CASES, Case, begin, differences, logged, names, write_table
from tests.reliability.moments import KINDS, Course, Moment
from tests.reliability.recording_server import RecordingServer, recording_server
from tests.reliability.sessions import Session

REAL = 5
"""Every so-manyth point is started as a person does."""


@dataclass(frozen=True)
class Whole:
    """A case run without a kill: its folder, the requests that it took, and its course."""

    folder: Path
    requests: Counter[str]
    course: Course


@dataclass
class Tally:
    """What the points came to. `again` counts replies that were on their way at a kill and were asked for again."""

    points: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    again: int = 0
    twice: int = 0
    files: int = 0
    most_again: float = 0.0
    failures: list[str] = field(default_factory=list)


class Points:
    """The points of one seed, against one server."""

    def __init__(self, place: Path, server: RecordingServer, forked: Any, seed: int) -> None:
        self.place = place
        self.server = server
        self.forked = forked
        self.seed = seed
        self.tally = Tally()
        self.data = write_table(place / "rated.csv")
        self._whole: dict[tuple[str, bool], Whole] = {}

    def whole(self, case: Case, forked: Any) -> Whole:
        """The case without a kill, run once for each way of starting it."""
        key = (case.name, forked is not None)
        if key not in self._whole:
            folder = self.place / f"whole {'forked' if forked else 'real'} {case.name}"
            begin(folder, self.finished(case))
            self.server.arrived.clear()
            session = Session(case.given(folder, self.server.url, self.data), forked)
            code = session.end()
            ended = time.monotonic()
            assert code == 0, f"{case.name} without a kill: exit code {code}: {session.said[-2000:]}"
            arrived = self.server.arrived.copy()
            tail = ended - (self.server.last if arrived else session.begun)
            course = Course(arrived.total(), ended - session.begun, tail, session.operations)
            self._whole[key] = Whole(folder, arrived, course)
        return self._whole[key]

    def finished(self, case: Case) -> Path | None:
        """The folder that a case begins with, where it needs one."""
        return None if case.needs is None else self.whole(CASES[case.needs], self.forked).folder

    def point(self, number: int, case: Case) -> None:
        """One case from its begin to its end, with at least one kill."""
        chance = random.Random(f"{self.seed}|{number}")
        forked = None if number % REAL == REAL - 1 else self.forked
        whole, folder = self.whole(case, forked), self.place / f"point {number}"
        begin(folder, self.finished(case))
        try:
            moments = self._killed(case, folder, whole, forked, chance, kind=KINDS[number // len(CASES) % len(KINDS)])
        except (AssertionError, TimeoutError) as failure:
            self.tally.failures.append(f"seed {self.seed}, point {number}, {case.name}: {failure}")
            print(self.tally.failures[-1], flush=True)
            return
        self.tally.points += 1
        said = ", ".join(f"{each.kind} {each.at:g}+{each.later:.3f}" for each in moments)
        print(f"point {number}: {case.name}{'' if forked else ' (as a person starts it)'}: {said}", flush=True)
        shutil.rmtree(folder)

    def _killed(
        self, case: Case, folder: Path, whole: Whole, forked: Any, chance: random.Random, kind: str
    ) -> list[Moment]:
        self.server.arrived.clear()
        moments: list[Moment] = []
        lost: Counter[str] = Counter()
        while True:
            known, before = logged(folder, case.command), self.server.arrived.copy()
            again = not moments or (len(moments) < 4 and chance.random() < 0.4)
            own = kind if not moments else chance.choice(KINDS)
            own = "time" if own == "file" and forked is None else own
            moment = Moment.draw(own, whole.course, known.total(), chance) if again else None
            code = self._session(case, folder, forked, moment)
            asked = self.server.arrived - before
            twice = {name for name in asked if known[name]} if "--reuse off" not in case.flags else set()
            self.tally.twice += len(twice)
            assert not twice, f"asked again though written down: {sorted(twice)} after {moments}"
            if code == 0 and moments:
                break
            if code == 0:  # it had ended before its moment: begun anew
                shutil.rmtree(folder)
                begin(folder, self.finished(case))
                self.server.arrived.clear()
                continue
            assert moment is not None and code == -9, f"exit code {code} after {moments}: {self._said(folder)}"
            moments.append(moment)
            self.tally.kills[moment.kind] += 1
            if not (folder / "out.csv").exists():  # else it has ended, and its logs are gone
                lost += asked - (logged(folder, case.command) - known)
        self._compare(case, folder, whole, moments, lost)
        return moments

    def _session(self, case: Case, folder: Path, forked: Any, moment: Moment | None) -> int | None:
        command = case.given(folder, self.server.url, self.data)
        session = Session(command, forked, moment.strike if moment else 0)
        if moment is not None:
            moment.kill(session, self.server)
        code, seen = session.end(), -1
        while seen != self.server.arrived.total():  # what a killed process had sent may still arrive
            seen = self.server.arrived.total()
            time.sleep(0.1)
        return code

    def _said(self, folder: Path) -> str:
        path = folder.with_suffix(".screen")
        return path.read_text()[-2000:] if path.exists() else "nothing"

    def _compare(self, case: Case, folder: Path, whole: Whole, moments: list[Moment], lost: Counter[str]) -> None:
        again = self.server.arrived - whole.requests
        self.tally.requests += whole.requests.total()
        self.tally.again += again.total()
        self.tally.most_again = max(self.tally.most_again, again.total() / len(moments) / case.in_flight)
        unlogged = again - lost
        self.tally.twice += unlogged.total()
        assert not unlogged, f"asked again though answered and written down: {unlogged} after {moments}"
        assert not whole.requests - self.server.arrived, f"never asked: {whole.requests - self.server.arrived}"
        assert again.total() <= len(moments) * case.in_flight, f"{again.total()} asked again after {moments}"
        apart = differences(whole.folder, folder)
        self.tally.files += len(apart)
        assert not apart, f"{'; '.join(apart)} after {moments}; see {folder} and {whole.folder}"


def run(points: int, seed: int, chosen: list[Case], place: Path, latency: float = 0.02) -> Tally:
    """The points of a seed; `place` is a folder for all of their files, `latency` the seconds that a reply takes."""
    forked = forkserver()
    with recording_server(latency) as server:
        found = Points(place, server, forked, seed)
        for number in range(points):
            found.point(number, chosen[number % len(chosen)])
    return found.tally


def figures(tally: Tally, points: int) -> list[Figure]:
    kinds = ", ".join(f"{count} by {kind}" for kind, count in tally.kills.most_common())
    return [
        Figure(
            "points at which a command was killed and gone on with to its end",
            f"{tally.points} of {points}", f"{points}", tally.points == points,
        ),
        Figure(
            "kills (SIGKILL) in them",
            f"{tally.kills.total()} ({kinds})", f">= {points}", tally.kills.total() >= points,
        ),
        Figure("LM calls repeated whose reply was written down", str(tally.twice), "0", tally.twice == 0),
        Figure(
            "LM calls asked again because their reply was on its way at a kill",
            f"{tally.again} of {tally.requests}; at most {tally.most_again:.0%} of what may be in flight a kill",
            "<= calls in flight a kill", tally.most_again <= 1,
        ),
        Figure(
            "files that differ from an uninterrupted run's (summary.json without calls; all but timing.json)",
            str(tally.files), "0", tally.files == 0,
        ),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    points, seed = int(arguments[0]) if arguments else 50, int(arguments[1]) if arguments[1:] else 0
    place = Path(tempfile.mkdtemp(prefix="judgegrad-kill-points-"))
    tally = run(points, seed, names(arguments[2:]), place)
    if not tally.failures:
        shutil.rmtree(place)
    code = keep("kill-points", "reliability", 1, "python -m tests.reliability.kill_points", figures(tally, points))
    return code or int(bool(tally.failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
