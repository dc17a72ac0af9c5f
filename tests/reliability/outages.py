"""Servers that are not there, hang, or go in the middle of a run, and roles that fail by themselves."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.commands import SIZES, own_task, write_table
from tests.measured import Figure
from tests.reliability.commands import Ended, begin, end, read, run, summed
from tests.reliability.faulty_server import FaultyServer, Weather, faulty_server

MINUTE = 60.0
FAIR = Weather(share=0.0)
ALONE = ("loss", "gradient", "rewrite")


@dataclass(frozen=True)
class Outage:
    """How a command met an outage, how a later session went on, and what was asked again though it was answered."""

    name: str
    met: Ended
    later: Ended
    twice: int

    @property
    def holds(self) -> bool:
        plain = self.met.err.count("Traceback") == 0 and self.met.line.startswith("error: an LM failed")
        return self.met.code == 3 and plain and self.met.seconds < MINUTE and self.later.code == 0 and not self.twice

    def __str__(self) -> str:
        return (
            f"{self.name}: exit {self.met.code} after {self.met.seconds:.0f} s, then {self.later.code}: {self.met.line}"
        )


@contextmanager
def mute_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def absent(folder: Path) -> list[Outage]:
    """Three addresses at which nothing answers, one after the other: programs that start at once hold each other up."""
    with mute_port() as mute:
        addresses = {
            "closed port": f"http://127.0.0.1:{free_port()}/v1",
            "unknown name": "http://no-such-host.invalid/v1",
            "never answers": f"http://127.0.0.1:{mute}/v1",
        }
        return [_absent(folder, name, address) for name, address in addresses.items()]


def _absent(folder: Path, name: str, address: str) -> Outage:
    run_name = name.replace(" ", "-")
    met = run("optimize", *_flags(folder), "--run", run_name, "--api-base", address)
    with faulty_server(FAIR) as server:
        return Outage(name, met, _resume(folder, run_name, server), 0)


def in_the_middle(folder: Path, name: str, fail: Callable[[FaultyServer], None]) -> Outage:
    """A server that fails when it has answered some requests, and is there again for the next session."""
    run_name = name.replace(" ", "-")
    with faulty_server(FAIR) as server:
        process = begin("optimize", *_flags(folder), "--run", run_name, "--api-base", server.url)
        _await(server, process, 30)
        begun = time.monotonic()
        fail(server)
        met = end(process, begun)
        answered = set(server.by_prompt())
        server.mute.clear()
    with faulty_server(FAIR) as back:
        later = _resume(folder, run_name, back)
        twice = len(answered & set(back.by_prompt()))
    return Outage(name, met, later, twice)


def alone(folder: Path) -> list[tuple[str, bool]]:
    """Each role failing by itself: the run ends, says so, and the others' calls and the test scores are as ever."""
    with faulty_server(FAIR) as server:
        run("optimize", *_flags(folder), "--run", "fair", "--api-base", server.url)
    fair, found = read(folder / "runs" / "fair" / "scores.json"), []
    for role in ALONE:
        with faulty_server(Weather(1.0, ["500"], [role])) as server:
            ended = run("optimize", *_flags(folder), "--run", role, "--api-base", server.url)
        path = folder / "runs" / role
        calls = read(path / "summary.json")["calls"] if ended.code == 0 else {}
        only = set(summed(calls, "failed")) == set(summed(calls, "given_up")) == {role}
        said = f"given up after every retry had failed, and so unscored or without a text: {role}" in ended.out
        same = ended.code == 0 and read(path / "scores.json")["judges"]["0"] == fair["judges"]["0"]
        found.append((f"{role}: exit {ended.code}, {ended.line if ended.code else ''}", only and said and same))
    with faulty_server(Weather(1.0, ["500"], ["judge"])) as server:
        ended = run("optimize", *_flags(folder), "--run", "judge", "--api-base", server.url)
    found.append((f"judge: exit {ended.code}, {ended.line}", ended.code == 3 and ended.seconds < MINUTE))
    return found


def outages(folder: Path) -> list[Figure]:
    """What was found, as figures; each case is printed."""
    write_table(folder / "rated.csv")
    met = [*absent(folder), *(in_the_middle(folder, *case) for case in (("goes", _go), ("falls silent", _fall_silent)))]
    roles = alone(folder)
    print(*met, *(text for text, _ in roles), sep="\n")
    slowest = max(each.met.seconds for each in met)
    held = sum(each.holds for each in met)
    lone = sum(holds for _, holds in roles)
    told = f"{held} of {len(met)}"
    return [
        Figure("outages told in one line, then resumed, nothing asked twice", told, "all", held == len(met)),
        Figure("the slowest of them to be told", f"{slowest:.0f} s", "60 s", slowest < MINUTE),
        Figure("roles failing alone, without harm to others", f"{lone} of {len(roles)}", "all", lone == len(roles)),
    ]


def _go(server: FaultyServer) -> None:
    server.down.set()
    server.socket.close()


def _fall_silent(server: FaultyServer) -> None:
    server.mute.set()


def _flags(folder: Path) -> list[object]:
    return [*own_task(folder / "rated.csv"), *SIZES, "--lm", "stub", "--runs-dir", folder / "runs"]


def _resume(folder: Path, name: str, server: FaultyServer) -> Ended:
    return run("optimize", "--resume", folder / "runs" / name, "--api-base", server.url)


def _await(server: FaultyServer, process: "subprocess.Popen[str]", requests: int) -> None:
    while len(server.seen) < requests and process.poll() is None:
        time.sleep(0.002)
