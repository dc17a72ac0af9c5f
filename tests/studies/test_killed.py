"""A study killed (SIGKILL) at random moments and run again: judged by the server's own log and by the tables' bytes."""

import json
import multiprocessing
import os
import random
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import command, study
from tests.stub_server import StubServer, stub_server

LISTS = ["--gates", "mae", "--seeds", "0", "--yes", "--lm", "some-model", "--save-prompts"]
THREADS = 2
Asked = tuple[str, str]


def session(arguments: list[str]) -> None:
    """study.py in a process of its own, without DSPy's cache, which would hide a call that is made twice."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    sys.argv = ["study.py", *arguments]
    command.run(study.main)


@pytest.fixture(scope="module")
def forked() -> Any:
    """Processes that start at once: they are forked from one that has imported DSPy and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["programs.studies.session", "tests.studies.test_killed"])
    return context


def begun(context: Any, server: StubServer, *flags: object) -> BaseProcess:
    process: BaseProcess = context.Process(target=session, args=([*map(str, flags), "--api-base", server.url],))
    process.start()
    return process


def ended(process: BaseProcess) -> int | None:
    process.join(timeout=60)
    return process.exitcode


def killed(process: BaseProcess, server: StubServer, at: int) -> bool:
    """Kills it when the server has seen so many requests, or a little later; False where it was at its end before."""
    deadline = time.monotonic() + 60
    while len(server.bodies) < at and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.0005)
    process.kill()
    return ended(process) == -9


def finished(runs: Path) -> set[Asked]:
    """What the logs hold the replies to."""
    lines = [line for path in runs.rglob("calls.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
    prompts = [json.loads(line)["prompt"] for line in lines if line.endswith(b"\n")]
    return {(_text(prompt["system"]), _text(prompt["messages"][-1]["parts"])) for prompt in prompts}


def asked(body: dict[str, Any]) -> Asked:
    system, user = (_text(message["content"]) for message in body["messages"])
    return system, user


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def tables(runs: Path) -> list[bytes]:
    return [(runs / "one" / name).read_bytes() for name in ("tables.md", "tables.csv")]


@pytest.mark.parametrize(("reuse", "modes", "most"), [("on", "SSC,CCC", 2), ("off", "CCC", 1)])
def test_no_finished_call_is_made_twice_and_the_tables_are_the_same(
    reuse: str, modes: str, most: int, base: list[str], tmp_path: Path, forked: Any
) -> None:
    flags = [*base, *LISTS, "--modes", modes, "--reuse", reuse, "--threads", THREADS]
    with stub_server() as server:
        assert ended(begun(forked, server, *flags, "--runs-dir", tmp_path / "whole")) == 0
        whole = len(server.bodies)
    moments, runs, kills = random.Random(reuse), tmp_path / "killed", 0
    with stub_server() as server:
        while kills < most:
            left = whole - len(server.bodies)
            before, known = len(server.bodies), finished(runs)
            process = begun(forked, server, *flags, "--runs-dir", runs)
            kills += killed(process, server, before + moments.randint(1, max(left, 1)))
            _nothing_twice(server.bodies[before:], known, reuse)
            if process.exitcode == 0:
                break
        before, known = len(server.bodies), finished(runs)
        assert ended(begun(forked, server, *flags, "--runs-dir", runs)) == 0
        _nothing_twice(server.bodies[before:], known, reuse)
        assert 0 <= len(server.bodies) - whole <= kills * THREADS  # what was in flight
    assert kills > 0
    assert paid(runs) == whole
    assert tables(runs) == tables(tmp_path / "whole")


def paid(runs: Path) -> int:
    """The calls that the cells' costs count."""
    costs = [json.loads(path.read_text()) for path in runs.rglob("cost.json")]
    return sum(role["sent_calls"] for cost in costs for role in cost.values())


def _nothing_twice(bodies: list[dict[str, Any]], known: set[Asked], reuse: str) -> None:
    if reuse == "on":  # without, equal requests are no mistake, and their number says the rest
        assert not {asked(body) for body in bodies} & known
