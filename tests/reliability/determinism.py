"""Same seed, same answers: the same judge, steps and tables (in files and on the screen), byte for byte, whatever the
threads, the order in which replies come, the hash seed and the locale. Run by hand:

    python -m tests.reliability.determinism [REPEATS]
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.commands import own_task, write_table
from tests.fake import DoubtfulEngine, fake_lm
from tests.measured import Figure, keep

COMMAND = "python -m tests.reliability.determinism"
REPEATS = 2

WAYS: tuple[Mapping[str, str], ...] = (
    {"threads": "1", "PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    {"threads": "8", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
    {"threads": "64", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "America/Caracas"},
    {"threads": "64", "PYTHONHASHSEED": "random", "LC_ALL": "POSIX", "PYTHONUTF8": "1"},
)
"""Each in a process of its own."""

SIZES = ["--train-size", "8", "--val-size", "20", "--test-size", "16", "--steps", "4", "--accept", "not_worse"]
MODES = ("Single", "SSS", "SSC", "SCC", "CCC")
RUNS: dict[str, Sequence[str]] = {
    **{f"mode {mode}": ("--mode", mode) for mode in MODES},
    "expected scores": ("--readout", "expected", "--gate", "mae"),
    "chat prompts": ("--adapter", "chat", "--eval-every", "1", "--gate", "none"),
    "no reuse": ("--reuse", "off", "--mode", "Single"),
    "rated feedback": ("--rate-every", "2", "--accept", "probable", "--probability", "0.5"),
    **{f"peer {name}": ("--optimizer", name) for name in ("gepa", "miprov2", "copro")},
    **{f"control {name}": ("--control", name) for name in ("shuffled", "paraphrase", "ensemble")},
}
STUDY = ["--modes", "Single,SSC,CCC", "--gates", "mae,none", "--seeds", "0,1", "--parallel-cells", "4", "--yes"]

COMPARED = (
    "judge.json", "steps.jsonl", "scores.json", "summary.json", "lengths.json", "relabel.csv", "confidence.json",
    "diagnostics.json", "tables.md", "tables.csv", "printed.txt",
)  # fmt: skip


class Late(DoubtfulEngine):
    """Answers after a random while, so that replies come in another order every time."""

    def __init__(self, pause: Callable[[], object]) -> None:
        super().__init__()
        self.pause = pause

    def complete(self, request: Any) -> Any:
        self.pause()
        return super().complete(request)


def a_while() -> None:
    """Up to 4 ms, of no seed."""
    time.sleep(random.SystemRandom().uniform(0, 0.004))


def digests(folder: Path) -> dict[str, str]:
    """What must not differ: every compared file under the folder by its name, summaries without the call counts."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name in COMPARED:
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(_content(path)).hexdigest()
    return found


def _content(path: Path) -> bytes:
    if path.name != "summary.json":
        return path.read_bytes()
    summary = json.loads(path.read_bytes())
    return json.dumps({key: value for key, value in summary.items() if key != "calls"}).encode()


def work(folder: Path, threads: str) -> None:
    """Every run and the study, in this process."""
    from programs import study  # here, so that the parent imports no DSPy

    flags = given(folder, threads)
    engine = Late(a_while)
    for name, own in RUNS.items():
        one_run(folder, name, [*flags, *own], engine)
    with patch("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine)):
        _finish(study.main([*flags, *STUDY, "--run", "study", "--runs-dir", str(folder / "runs")]), "study")


def given(folder: Path, threads: str) -> list[str]:
    """The flags that all runs share."""
    return [*own_task(write_table(folder / "rated.csv")), *SIZES, "--threads", threads, "--lm", "stub"]


def one_run(folder: Path, name: str, flags: Sequence[str], engine: Late) -> None:
    from programs import optimize

    place = ["--run", name.replace(" ", "-"), "--runs-dir", str(folder / "runs")]
    with patch("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine)):
        _finish(optimize.main([*flags, *place]), name)


def _finish(code: int | None, name: str) -> None:
    if code:
        raise SystemExit(f"{name} ended with exit code {code}")


def one_way(way: Mapping[str, str], folder: Path) -> dict[str, str]:
    environment = {**os.environ, **{key: value for key, value in way.items() if key != "threads"}}
    command = [sys.executable, "-m", "tests.reliability.determinism", "--work", str(folder), way["threads"]]
    folder.mkdir(parents=True)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"{way}:\n{done.stderr[-4000:]}")
    (folder / "printed.txt").write_text(done.stdout.replace(str(folder), "FOLDER"), encoding="utf-8")
    return digests(folder)


def differing(every: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of the files that are not alike in all ways, or missing in some."""
    names = sorted({name for each in every for name in each})
    return [name for name in names if len({each.get(name) for each in every}) > 1]


def ways(repeats: int) -> Iterator[Mapping[str, str]]:
    for _ in range(repeats):
        yield from WAYS


def main() -> int:
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), sys.argv[3])
        return 0
    os.nice(10)
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    every = []
    with tempfile.TemporaryDirectory() as place:
        for number, way in enumerate(ways(repeats)):
            every.append(one_way(way, Path(place) / str(number)))
            print(f"{dict(way)}: {len(every[-1])} files", flush=True)
    apart = differing(every)
    print("\n".join(apart))
    what = (
        f"files that differ between {len(every)} repetitions of {len(RUNS)} runs and a study of 12 cells (1, 8 and 64 "
        "threads, replies in random order, other hash seeds, locales and time zones)"
    )
    return keep(
        "determinism", "reliability", 7, COMMAND,
        [Figure(what, f"{len(apart)} of {len(every[0])}", "0", not apart and len(every[0]) > 100)],
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
