"""A study as real processes against a stub server: killed in the middle, continued, nothing paid for twice."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.stub_server import stub_server

COMMAND = Path(__file__).parents[2] / "programs" / "study.py"


def test_a_killed_study_sends_again_only_what_was_in_flight(base: list[str], tmp_path: Path) -> None:
    lists = ["--modes", "SSC,CCC", "--gates", "mae", "--seeds", "0", "--yes", "--threads", "1"]
    environment = {**os.environ, "OPENAI_API_KEY": "sk-canary", "DSPY_CACHEDIR": str(tmp_path / "cache")}
    with stub_server() as server:
        command = [sys.executable, str(COMMAND), *base, *lists, "--lm", "some-model", "--api-base", server.url]
        killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(server.bodies) < 60 and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        killed.kill()
        assert killed.wait() == -9  # it was still at work
        environment["DSPY_CACHEDIR"] = str(tmp_path / "another")  # nothing comes from DSPy's cache
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        sent = [json.dumps(body, sort_keys=True) for body in server.bodies]
    assert len(sent) - len(set(sent)) <= 1
    study = tmp_path / "runs" / "one"
    costs = [json.loads(path.read_text()) for path in study.glob("cells/*/cost.json")]
    paid = sum(role["sent_calls"] for cost in costs for role in cost.values())
    assert paid == len(set(sent))
    written = b"".join(path.read_bytes() for path in study.rglob("*") if path.is_file())
    assert b"sk-canary" not in written
