"""What is killed: commands of every kind that pays for LM calls, and what their folders must hold in the end."""

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import NAMES
from tests.reliability.sessions import Command

SIZES = "--train-size 8 --val-size 12 --test-size 16 --steps 2"
OWN = "--data {data} --inputs question,answer --criteria helpful:1-5,polite:0-3 --group id"
RATERS = "--data {data} --inputs question,answer --criteria helpful:1-5@anna,ben,polite:0-3 --group id"
RUN = f"{SIZES} --run one --lm stub --api-base {{url}}"

DIFFERENT = {"timing.json", ".lock"}
"""Files that may differ between equal runs."""

COMMIT = re.compile(rb'"commit": "[^"]*"')
"""The program's commit, which may change while a harness runs."""

ONLY_THERE = {"compared.json", "compared.html"}
"""Files that show seconds, as a run's report.html does: they only have to be there."""


@dataclass(frozen=True)
class Case:
    """One command. `needs` is the case whose finished folder it begins with; `in_flight` the most calls at once."""

    name: str
    command: str
    flags: str
    in_flight: int
    needs: str | None = None

    def given(self, folder: Path, url: str, data: Path) -> Command:
        """The command as it is given in `folder`, to begin and to go on."""
        flags = self.flags.format(url=url, data=data).split()
        if self.command == "optimize" and (folder / "runs" / "one" / "config.json").is_file():
            flags = ["--resume", "one", "--api-base", url, "--threads", str(self.in_flight)]
        return Command(self.command, flags, folder)


CASES = {
    case.name: case
    for case in (
        Case(
            "SSC", "optimize",
            f"{OWN} {RUN} --mode SSC --gate mae --accept not_worse --eval-every 1 --readout expected --threads 4", 4,
        ),
        Case(
            "Single", "optimize",
            f"{OWN} {RUN} --mode Single --gate none --keep last --guard off --reuse off --readout expected --threads 3",
            3,
        ),
        Case("CCC, rated", "optimize", f"{OWN} {RUN} --mode CCC --rate-every 1 --save-prompts --threads 5", 5),
        Case("SCC, raters", "optimize", f"{RATERS} {RUN} --mode SCC --gate qwk --accept not_worse --threads 2", 2),
        Case("copro", "optimize", f"{OWN} {RUN} --optimizer copro --gate mae --threads 4", 4),
        Case("ensemble", "optimize", f"{OWN} {RUN} --control ensemble --adapter chat --reuse off --threads 4", 4),
        Case(
            "study", "study",
            f"{OWN} {RUN} --modes Single,SSC,CCC --gates mae --seeds 0,1 --yes --threads 2 --parallel-cells 2", 4,
        ),
        Case(
            "study, reuse off", "study",
            f"{OWN} {RUN} --modes CCC --gates none,mae --controls paraphrase --seeds 0 --yes --reuse off --threads 3",
            3,
        ),
        Case(
            "small study", "study",
            f"{OWN} {RUN} --steps 1 --modes Single --gates mae --seeds 0 --yes --threads 4", 4,
        ),
        Case("interference", "interference", "one --yes --api-base {url} --threads 4", 4, "small study"),
        Case("diagnose", "diagnose", "one --api-base {url} --rate-orders 1 --threads 4", 4, "small study"),
        Case("score", "score", "runs/one --data {data} --out out.csv --lm stub --api-base {url} --threads 4", 4, "SSC"),
        Case(
            "score, abstaining", "score",
            "runs/one --data {data} --out out.csv --lm stub --api-base {url} --threads 3 --reuse off --abstain 2", 3,
            "SSC",
        ),
    )
}  # fmt: skip


def write_table(path: Path) -> Path:
    """60 rated rows of 20 documents, with single raters of one criterion."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "answer", *NAMES, "anna", "ben"])
        for place in range(60):
            helpful, polite = 1 + place * 7 % 5, place * 3 % 4
            ratings = [helpful, polite, helpful, min(5, helpful + place % 2)]
            writer.writerow([f"d{place % 20}", "Why?", f"answer {place}", *ratings])
    return path


def begin(folder: Path, finished: Path | None) -> None:
    """The folder in which a command is given, with what it needs."""
    folder.mkdir(parents=True)
    if finished is not None:
        shutil.copytree(finished, folder, dirs_exist_ok=True)


def logged(folder: Path, command: str) -> Counter[str]:
    """The requests whose replies are in call logs that the command reads, by name; only those sent for that log."""
    found: Counter[str] = Counter()
    own = folder / "out.csv.part" if command == "score" else folder
    for path in own.rglob("calls*.jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and (record := json.loads(line))["sent"]:
                found[record["reply"]["id"]] += 1
    return found


def differences(whole: Path, found: Path) -> list[str]:
    """What the second folder has otherwise than the first, file by file."""
    names = {path.relative_to(whole) for path in whole.rglob("*") if path.name not in DIFFERENT}
    others = {path.relative_to(found) for path in found.rglob("*") if path.name not in DIFFERENT}
    apart = [f"{name} is {'missing' if name in names else 'left over'}" for name in sorted(names ^ others)]
    both = sorted(name for name in names & others if (whole / name).is_file())
    return apart + [f"{name} differs" for name in both if _content(whole / name) != _content(found / name)]


def _content(path: Path) -> Any:
    if path.name.startswith("calls"):
        return sorted(path.read_bytes().splitlines())  # in whatever order the replies came
    if path.name in ("summary.json", "found.json"):
        return {**json.loads(path.read_text()), "calls": None}
    if path.name in ONLY_THERE or (path.name == "report.html" and (path.parent / "judge.json").exists()):
        return None
    return COMMIT.sub(b"", path.read_bytes())


def names(chosen: Sequence[str]) -> list[Case]:
    """The cases of these names; all where none is given."""
    return [CASES[name] for name in chosen] if chosen else list(CASES.values())
