"""Bad weather: every command against a server that fails a fifth of all requests, in all known ways.

    python -m tests.reliability.bad_weather [SHARE]

It checks that each run ends, that retries stay within their cap and come no sooner than the server asked, that every
request is counted by role, that coverage is shown, and that no score is invented. Then servers that are not there, or
go, and roles that fail by themselves (`outages`), and a server that takes so many requests a second (`rate_limit`).
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from programs.optimizer.saved import load_judge
from programs.settings import Settings
from tests.commands import SIZES, own_task, write_table
from tests.measured import Figure, keep
from tests.reliability.commands import LM, Ended, read, run, summed
from tests.reliability.faulty_server import KINDS, RETRYABLE, FaultyServer, Seen, Weather, faulty_server
from tests.reliability.outages import outages
from tests.reliability.rate_limit import adapting
from tests.reliability.truth import Checked, check_run, check_scored, coverage

MODES = ("Single", "SSC", "CCC")


@dataclass
class Found:
    """What the commands did under the weather, summed up; `wrong` says what should not be."""

    ended: list[bool] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    early: int = 0
    waits: int = 0
    checked: Checked = field(default_factory=Checked)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, ended: Ended, server: FaultyServer, checked: Sequence[Checked]) -> None:
        """One command's end, its requests and its scores."""
        self.ended.append(ended.code == 0)
        if ended.code:
            self.wrong.append(f"{name}: exit code {ended.code}: {ended.line}")
        self.kinds += server.kinds()
        for seen in server.by_prompt().values():
            self.attempts = max(self.attempts, _most_failures(seen) + 1)
            self.waits += sum(each.wait is not None for each in seen[:-1])
            self.early += sum(_too_early(first, then) for first, then in pairwise(seen))
        for each in checked:
            self.checked = Checked(
                self.checked.scores + each.scores, self.checked.gaps + each.gaps, (*self.checked.wrong, *each.wrong)
            )

    def counted(self, name: str, calls: dict[str, Any], server: FaultyServer) -> None:
        """Whether the requests that a command counts, and the failed ones, are those that the server saw, by role."""
        seen = Counter(each.role for each in server.seen)
        failed = Counter(each.role for each in server.seen if each.kind in RETRYABLE)
        if summed(calls, "calls") != seen or summed(calls, "failed") != failed:
            self.wrong.append(f"{name}: counted {summed(calls, 'calls')}, seen {dict(seen)}; failed {dict(failed)}")

    def shown(self, name: str, ended: Ended, words: Iterable[str]) -> None:
        self.wrong += [f"{name}: its screen does not hold '{word}'" for word in words if word not in ended.out]


def _most_failures(seen: Sequence[Seen]) -> int:
    """The longest row of failures of one request that was followed by another attempt."""
    longest = row = 0
    for each in seen[:-1]:
        row = row + 1 if each.kind in RETRYABLE else 0
        longest = max(longest, row)
    return longest


def _too_early(first: Seen, then: Seen) -> bool:
    return first.wait is not None and then.came < first.left + first.wait


def under_weather(share: float, modes: Sequence[str], folder: Path) -> Found:
    """All commands, one after the other, each with a server of its own."""
    found, table = Found(), write_table(folder / "rated.csv")
    flags = [*own_task(table), *SIZES, *LM, "--runs-dir", folder / "runs"]
    for place, mode in enumerate(modes):
        with faulty_server(Weather(share, seed=place)) as server:
            ended = run("optimize", *flags, "--mode", mode, "--run", mode, "--api-base", server.url)
            _see_run(found, f"optimize.py --mode {mode}", ended, folder / "runs" / mode, server)
    _apply(found, share, folder / "runs" / modes[-1], table)
    with faulty_server(Weather(share, seed=10)) as server:
        lists = ["--modes", "SSC,CCC", "--gates", "none", "--seeds", "0", "--yes", "--run", "study"]
        ended = run("study", *flags, *lists, "--api-base", server.url)
        cells = sorted((folder / "runs" / "study" / "cells").glob("*/scores.json"))
        found.add("study.py", ended, server, [check_run(cell.parent, server.by_prompt()) for cell in cells])
    return found


def _see_run(found: Found, name: str, ended: Ended, folder: Path, server: FaultyServer) -> None:
    whole = (folder / "summary.json").exists()
    found.add(name, ended, server, [check_run(folder, server.by_prompt())] if whole else [])
    if not whole:
        return
    summary = read(folder / "summary.json")
    found.counted(name, summary["calls"], server)
    coverage = [f"{each['scored']}/{each['rows']}" for each in summary["after"]["coverage"].values()]
    found.shown(name, ended, [*coverage, "given up", "failed requests by kind", *summary["calls"]])


def _apply(found: Found, share: float, folder: Path, table: Path) -> None:
    """evaluate.py and score.py with a judge that was optimized before."""
    judge = load_judge(folder)
    for name in ("evaluate", "score"):
        out = table.with_name(f"{name}.out")
        with faulty_server(Weather(share, seed=20)) as server:
            ended = run(name, folder, "--data", table, "--out", out, *LM, "--api-base", server.url)
        log, whole = server.by_prompt(), out.exists()
        scored = [check_scored(out, judge, log)] if name == "score" and whole else []
        found.add(f"{name}.py", ended, server, scored)
        if name == "evaluate" and whole:
            found.counted("evaluate.py", read(out)["calls"], server)
            found.shown("evaluate.py", ended, [f"{each}/60" for each in coverage(judge, table, log).values()])


def figures(found: Found, share: float) -> list[Figure]:
    """What was found under the weather, beside what it should be."""
    cap = Settings.retries + 1
    kinds = sum(found.kinds[kind] > 0 for kind in KINDS)
    faults, asked = sum(found.kinds[kind] for kind in KINDS), sum(found.kinds.values())
    invented, seen = len(found.checked.wrong), found.checked.scores + found.checked.gaps
    ended = f"{sum(found.ended)} of {len(found.ended)}"
    return [
        Figure(f"commands that end, {share:.0%} of requests faulty", ended, "all", all(found.ended)),
        Figure("requests with a fault, harmless ones too", f"{faults:,} of {asked:,}", "some", faults > 0),
        Figure("kinds of faults among them", str(kinds), str(len(KINDS)), kinds == len(KINDS)),
        Figure("scores no valid reply held, gaps without cause", f"{invented} of {seen:,}", "0", not invented),
        Figure("most attempts at one call", str(found.attempts), f"at most {cap}", 1 < found.attempts <= cap),
        Figure("retries sooner than the server asked", f"{found.early} of {found.waits}", "0", not found.early),
        Figure("counts by role and coverage, wrong or not shown", str(len(found.wrong)), "0", not found.wrong),
    ]


def main(arguments: Sequence[str]) -> int:
    share = float(arguments[0]) if arguments else 0.2
    with tempfile.TemporaryDirectory(prefix="judgegrad-weather-") as folder:
        found = under_weather(share, MODES, Path(folder))
        print(*found.wrong, *found.checked.wrong[:20], sep="\n")
        print(dict(sorted(found.kinds.items())))
        measured = [*figures(found, share), *outages(Path(folder)), *adapting()]
    command = "python -m tests.reliability.bad_weather"
    return keep("bad-weather", "reliability", 2, command, measured)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
