"""Studies on a real Ray cluster of a driver's and two workers' nodes, all on 127.0.0.1, against a stub server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.stub_server import StubServer, stub_server

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra: pip install -e '.[ray]'"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]

COMMAND = [sys.executable, str(Path(__file__).parents[3] / "programs" / "study.py")]
LOCAL_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""What binds Ray to 127.0.0.1 and sends nothing home; read when Ray is imported."""

LISTS = ["--modes", "SSC,CCC", "--gates", "mae", "--seeds", "0", "--reuse", "off", "--retries", "0"]
SIZE = 50 * 2**20


class Nodes:
    """The cluster, and what its workers may be told."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        options = {"node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 2 * SIZE}
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **options})
        self.workers = [self.cluster.add_node(num_cpus=4, **options) for _ in range(2)]
        self.cluster.wait_for_nodes()

    def kill_one(self) -> None:
        self.cluster.remove_node(self.workers.pop(), allow_graceful=False)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOCAL_ONLY.items():
            patch.setenv(name, value)
        patch.setenv("OPENAI_API_KEY", "none")
        found = Nodes()
        yield found
        found.cluster.shutdown()


def started(base: list[str], server: StubServer, *flags: object) -> subprocess.Popen[str]:
    flags = (*base, *LISTS, "--yes", "--lm", "some-model", "--api-base", server.url, *flags)
    environment = {**os.environ, **LOCAL_ONLY, "OPENAI_API_KEY": "none"}
    return subprocess.Popen(
        [*COMMAND, *map(str, flags)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=100)
    return process.returncode, out, errors


def wait_for(server: StubServer, requests: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(server.bodies) < requests and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()


def tables(study: Path) -> list[bytes]:
    return [(study / name).read_bytes() for name in ("tables.md", "tables.csv")]


def planned(study: Path) -> int:
    summaries: list[dict[str, Any]] = [json.loads(path.read_text()) for path in study.glob("cells/*/summary.json")]
    assert len(summaries) == 2
    return sum(sum(summary["estimate"].values()) for summary in summaries)


def test_a_lost_workers_cell_goes_on_elsewhere_and_the_tables_are_those_of_one_machine(
    base: list[str], tmp_path: Path, nodes: Nodes
) -> None:
    runs = tmp_path / "runs"
    with stub_server() as server:
        process = started(base, server, "--engine", "ray", "--ray-address", nodes.cluster.address)
        wait_for(server, 80, process)
        nodes.kill_one()
        code, out, errors = ended(process)
        assert code == 0, errors
        asked = len(server.bodies)
    assert errors.count("its worker was lost, handed out again") == 1
    assert "tables.md" in out
    assert 0 <= asked - planned(runs / "one") <= 4  # what the lost worker had in flight
    for cell in (runs / "one" / "cells").iterdir():
        lines = (cell / "calls.jsonl").read_bytes().splitlines()
        cost = json.loads((cell / "cost.json").read_text())
        assert len(lines) == sum(role["sent_calls"] for role in cost.values())
        assert len(lines) == sum(json.loads((cell / "summary.json").read_text())["estimate"].values())
        assert json.loads((cell / "config.json").read_text())["settings"]["threads"] == 4
    with stub_server() as server:
        code, _, errors = ended(started(base, server, "--runs-dir", tmp_path / "here", "--parallel-cells", "2"))
        assert code == 0, errors
        assert len(server.bodies) == planned(tmp_path / "here" / "one")
    assert tables(runs / "one") == tables(tmp_path / "here" / "one")


def test_a_failed_cells_calls_are_kept_and_the_next_session_sends_only_the_rest(
    base: list[str], tmp_path: Path, nodes: Nodes
) -> None:
    flags = ["--engine", "ray", "--ray-address", nodes.cluster.address]
    with stub_server() as server:
        process = started(base, server, *flags)
        wait_for(server, 100, process)
        server.status = 401
        code, out, _ = ended(process)
        assert code == 3
        assert "failed: custom-" in out
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("calls.jsonl")).count(b"\n")
        refused = len(server.bodies) - written
        assert 0 < refused <= 2 * 4  # what both cells had in flight
        server.status = 200
        code, _, errors = ended(started(base, server, *flags))
        assert code == 0, errors
        assert len(server.bodies) - refused == planned(tmp_path / "runs" / "one")


def test_no_cluster_and_too_small_a_cluster_are_one_line(base: list[str], tmp_path: Path, nodes: Nodes) -> None:
    with stub_server() as server:
        flags = ["--engine", "ray", "--ray-address", nodes.cluster.address, "--threads", "64"]
        code, _, errors = ended(started(base, server, *flags))
        assert code == 2
        assert "a cell takes --threads 64 CPUs, the largest node has 4" in errors
        code, _, errors = ended(started(base, server, "--engine", "ray", "--ray-address", "127.0.0.1:1"))
    assert code == 2
    assert "no Ray cluster at 127.0.0.1:1 " in errors
    assert not (tmp_path / "runs").exists()
