"""A study killed (SIGKILL) at random moments and run again: judged by the server's own log and by the tables' bytes."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.processes import begun, ended, forkserver, struck
from tests.stub_server import stub_server

LISTS = ["--gates", "mae", "--seeds", "0", "--yes", "--lm", "some-model", "--save-prompts"]
THREADS = 2
Asked = tuple[str, str]


@pytest.fixture(scope="module")
def forked() -> Any:
    return forkserver()


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
        assert ended(begun(forked, "study", server, *flags, "--runs-dir", tmp_path / "whole")) == 0
        whole = len(server.bodies)
    moments, runs, kills = random.Random(reuse), tmp_path / "killed", 0
    with stub_server() as server:
        while kills < most:
            left = whole - len(server.bodies)
            before, known = len(server.bodies), finished(runs)
            process = begun(forked, "study", server, *flags, "--runs-dir", runs)
            kills += struck(process, server, before + moments.randint(1, max(left, 1))) == -9
            _nothing_twice(server.bodies[before:], known, reuse)
            if process.exitcode == 0:
                break
        before, known = len(server.bodies), finished(runs)
        assert ended(begun(forked, "study", server, *flags, "--runs-dir", runs)) == 0
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
