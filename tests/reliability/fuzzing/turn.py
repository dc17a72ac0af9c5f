"""One turn of the fuzzer, in a process of its own: hypothesis's own search, or atheris, which is led by coverage.

Run by `tests.reliability.fuzz`. What it did is written down all the time, since atheris never returns.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")

from hypothesis import HealthCheck, Phase, given, seed, settings

QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)
OURS = ["programs", "metrics", "signatures"]
SLICE = 1.0
"""Seconds of the processor on one target before the next has its turn."""


class Turn:
    """Counts every target's examples and seconds of the processor; after a failure, which is kept, it rests."""

    def __init__(self, path: Path, seconds: float, number: int) -> None:
        self.path = path
        self.seconds = seconds
        self.number = number
        self.begin()
        self.found: dict[str, dict[str, Any]] = {}

    def begin(self) -> None:
        """Time runs from here: what went before was imports."""
        self.begun = self.told = time.monotonic()
        self.worked = time.process_time()

    def counted(self, name: str, check: Callable[[Any], None]) -> Callable[[Any], None]:
        """The check, counted. The last failure that is seen is the smallest: hypothesis makes failures small."""
        found = self.found.setdefault(name, {"examples": 0, "seconds": 0.0, "failure": None})

        def run(value: Any) -> None:
            begun = time.process_time()
            found["examples"] += 1
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    check(value)
            except Exception:
                found["failure"] = {"seed": self.number, "input": repr(value)[:3000], "trace": _trace()}
                raise
            finally:
                found["seconds"] += time.process_time() - begun
                if time.monotonic() - self.told > 2:
                    self.tell()

        return run

    @property
    def over(self) -> bool:
        return time.monotonic() - self.begun > self.seconds

    def tell(self) -> None:
        self.told = time.monotonic()
        wall, worked = self.told - self.begun, time.process_time() - self.worked
        times = {"wall": round(min(wall, self.seconds), 1), "worked": round(worked, 1)}
        self.path.write_text(json.dumps({**times, "targets": self.found}, indent=1))


def _trace() -> list[str]:
    lines = traceback.format_exc().splitlines()
    return [line.strip()[:300] for line in lines[-9:]]


def by_hypothesis(turn: Turn) -> None:
    """Each target in turn for some seconds, with seeds of its own, until the time is over."""
    from tests.reliability.fuzzing.targets import TARGETS

    turn.begin()
    rounds = 0
    while not turn.over:
        for name, target in TARGETS.items():
            check, end = turn.counted(name, target.check), time.process_time() + SLICE
            while turn.found[name]["failure"] is None and time.process_time() < end and not turn.over:
                test = settings(
                    max_examples=30, deadline=None, database=None, suppress_health_check=QUIET,
                    phases=(Phase.generate, Phase.shrink), print_blob=False,
                )(given(target.inputs)(check))  # fmt: skip
                with contextlib.suppress(Exception):
                    seed(turn.number + rounds)(test)()
                rounds += 1
    turn.tell()


def by_atheris(turn: Turn) -> None:
    """The same inputs, made of bytes that atheris changes by what code they reach; the first byte names the target."""
    import atheris

    with atheris.instrument_imports(include=OURS):
        from tests.reliability.fuzzing.targets import TARGETS

    tests = [_of_bytes(target.inputs, turn.counted(name, target.check)) for name, target in TARGETS.items()]
    turn.begin()

    def one(data: bytes) -> None:
        if turn.over:
            turn.tell()
            os._exit(0)
        place = data[0] % len(tests) if data else 0
        if [*turn.found.values()][place]["failure"] is None:
            with contextlib.suppress(Exception):
                tests[place](data[1:])

    atheris.Setup([sys.argv[0], *options(turn.number)], one)
    atheris.Fuzz()


def options(number: int) -> list[str]:
    """libFuzzer's; what it finds slow or fatal it writes into a file, which must not be in the current folder."""
    kept = f"-artifact_prefix={tempfile.gettempdir()}{os.sep}"
    return [f"-seed={number + 1}", "-max_len=4096", "-len_control=20", "-rss_limit_mb=0", kept]


def _of_bytes(inputs: Any, check: Callable[[Any], None]) -> Callable[[bytes], object]:
    test = settings(deadline=None, database=None, suppress_health_check=QUIET)(given(inputs)(check))
    made: Callable[[bytes], object] = test.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    return made


ENGINES: Mapping[str, Callable[[Turn], None]] = {"hypothesis": by_hypothesis, "atheris": by_atheris}


def main() -> None:
    engine, seconds, number, path = sys.argv[1:]
    os.nice(15)
    ENGINES[engine](Turn(Path(path), float(seconds), int(number)))


if __name__ == "__main__":
    main()
