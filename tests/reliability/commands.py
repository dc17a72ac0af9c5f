"""The commands in processes of their own against a server, and what they left: their screens, files and counts."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_CACHES = tempfile.TemporaryDirectory(prefix="judgegrad-caches-")
LM = ["--lm", "stub", "--timeout", "2"]
"""With a time-out that is shorter than what a faulty server keeps some requests for."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, its screen, and the seconds it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def line(self) -> str:
        """The last line on the error stream: what a failure says."""
        return self.err.strip().rpartition("\n")[2]


def begin(name: str, *flags: object) -> "subprocess.Popen[str]":
    """Starts `python programs/NAME.py FLAGS`, with a cache of DSPy's of its own."""
    cache = tempfile.mkdtemp(dir=_CACHES.name)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DSPY_CACHEDIR": cache}
    arguments = [sys.executable, str(ROOT / "programs" / f"{name}.py"), *map(str, flags)]
    return subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def end(process: "subprocess.Popen[str]", begun: float) -> Ended:
    """Waits for its end."""
    out, err = process.communicate(timeout=1200)
    return Ended(process.returncode, out, err, time.monotonic() - begun)


def run(name: str, *flags: object) -> Ended:
    """The command from its beginning to its end."""
    begun = time.monotonic()
    return end(begin(name, *flags), begun)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def summed(calls: Mapping[str, Mapping[str, int]], key: str) -> dict[str, int]:
    """Role -> one of its counts, those without any left out."""
    return {role: tally[key] for role, tally in calls.items() if tally.get(key)}
