"""Runs optimize, score and study under random limits against a server that counts: none may be exceeded.

python -m tests.reliability.budgets [RUNS]          (60)
"""

import contextlib
import io
import json
import random
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dspy
from dspy.lm15 import Usage

from metrics.tokens import count_tokens
from programs import optimize, score, study
from tests.commands import SIZES, own_task, write_table
from tests.fake import FakeEngine
from tests.measured import Figure, keep
from tests.stub_server import StubServer, stub_server

PRICE_IN, PRICE_OUT = 2.0, 10.0


class Counting(FakeEngine):
    """Counts tokens as a tokenizer does, says so, and adds up what it has said."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.calls = self.tokens = 0
        self.usd = 0.0

    def complete(self, request: Any) -> Any:
        response = super().complete(request)
        asked = f"{request.system}\n{request.messages[-1].text}"
        prompt, completion = count_tokens(asked), count_tokens(str(response.message.text))
        with self.lock:
            self.calls += 1
            self.tokens += prompt + completion
            self.usd += (PRICE_IN * prompt + PRICE_OUT * completion) / 1e6
        return replace(response, usage=Usage(input_tokens=prompt, output_tokens=completion))


@dataclass(frozen=True)
class Try:
    """One command under a limit: what it was, how much the server counted of it, and what the run says of itself."""

    command: str
    limit: str
    allowed: float
    counted: float
    stopped: bool
    spending: dict[str, Any] | None

    @property
    def exceeded(self) -> bool:
        return self.counted > self.allowed * (1 + 1e-9)

    @property
    def told_wrongly(self) -> bool:
        """Whether the run's own count is not the server's (of runs that have one)."""
        return self.spending is not None and abs(self.spending["spent"][self.limit] - self.counted) > 1e-6


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    return kept(tries(runs))


def tries(runs: int, seed: int = 0) -> list[Try]:
    """So many commands, each under a limit that is drawn."""
    draw = random.Random(seed)
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
        folder = Path(name)
        table = write_table(folder / "rated.csv")
        with stub_server() as server, contextlib.redirect_stdout(io.StringIO()):
            optimize.main([*own_task(table), *SIZES, *_lm(server), "--run", "first", "--runs-dir", str(folder)])
        return [_one(draw, folder, table, number) for number in range(runs)]


def _lm(server: StubServer) -> list[str]:
    return ["--lm", "stub", "--api-base", server.url]


def _one(draw: random.Random, folder: Path, table: Path, number: int) -> Try:
    command = ("optimize", "score", "study")[number % 3]
    limit = draw.choice(["calls", "tokens", "usd"])
    usd = round(draw.uniform(0.013, 0.05), 4)
    most = {"calls": draw.randint(1, 80), "tokens": draw.randint(2500, 12_000), "usd": usd}[limit]
    flags = [f"--max-{'cost' if limit == 'usd' else limit}", str(most), "--threads", str(draw.choice([1, 4, 16]))]
    prices = ["--price-in", str(PRICE_IN), "--price-out", str(PRICE_OUT)]
    engine = Counting()
    with stub_server(engine) as server, contextlib.redirect_stdout(io.StringIO()):
        flags = [*_lm(server), *prices, *flags]
        found = COMMANDS[command](draw, folder, table, f"run{number}", flags)
    summaries = [json.loads((path / "summary.json").read_text()) for path in found]
    counted = {"calls": engine.calls, "tokens": engine.tokens, "usd": engine.usd}[limit]
    stopped = any(each["stopped"] == "budget" for each in summaries) or (command == "score" and engine.calls < 60)
    spending = summaries[0]["spending"] if command == "optimize" else None
    return Try(command, limit, most * max(len(found), 1), counted, stopped, spending)


def _optimize(draw: random.Random, folder: Path, table: Path, name: str, flags: list[str]) -> list[Path]:
    modes = ["--mode", draw.choice(["Single", "SSC", "CCC"]), "--steps", "1"]
    optimize.main([*own_task(table), *SIZES, *modes, *flags, "--run", name, "--runs-dir", str(folder)])
    return [folder / name]


def _score(draw: random.Random, folder: Path, table: Path, name: str, flags: list[str]) -> list[Path]:
    score.main([str(folder / "first"), "--data", str(table), "--out", str(folder / f"{name}.csv"), *flags])
    return []


def _study(draw: random.Random, folder: Path, table: Path, name: str, flags: list[str]) -> list[Path]:
    cells = ["--modes", "SSC,CCC", "--gates", "mae", "--seeds", "0", "--steps", "1", "--eval-every", "0", "--yes"]
    study.main([*own_task(table), *SIZES[:-2], *cells, *flags, "--run", name, "--runs-dir", str(folder)])
    return sorted((folder / name / "cells").iterdir())


COMMANDS = {"optimize": _optimize, "score": _score, "study": _study}


def kept(found: list[Try]) -> int:
    told = [each for each in found if each.spending is not None]
    exceeded, wrong = [each for each in found if each.exceeded], [each for each in told if each.told_wrongly]
    for each in (*exceeded, *wrong):
        print(each)
    whole = [each.spending for each in told if each.spending is not None and not each.stopped]
    shares = [each["spent"]["tokens"] / each["estimate"]["expected"]["tokens"] for each in whole]
    share = f"{min(shares):.2f} to {max(shares):.2f}" if shares else "no run ended whole"
    counted, stopped = "commands whose limit was exceeded, counted at the server", sum(each.stopped for each in found)
    figures = [
        Figure(counted, f"{len(exceeded)} of {len(found)}", "0", not exceeded),
        Figure("of these stopped by their limit", str(stopped), "-", True),
        Figure("runs whose own count is not the server's", f"{len(wrong)} of {len(told)}", "0", not wrong),
        Figure(f"tokens spent over the estimate's expected, {len(shares)} whole runs", share, "-", True),
    ]
    return keep("budgets", "reliability", 3, "python -m tests.reliability.budgets", figures)


if __name__ == "__main__":
    raise SystemExit(main())
