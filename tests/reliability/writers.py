"""Every command that writes, with the place where it does: what a full or a read-only disk is tried on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.cases import OWN, SIZES, begin
from tests.reliability.sessions import Command

LM = "--lm stub --api-base {url} --threads 4"


@dataclass(frozen=True)
class Writer:
    """`flags` speak of `{made}`, a folder with a finished run and study `runs/one`, and of `{out}`, where is written.

    `within`: it writes into the run's own folder, which is then made at `{out}` before the disk is full.
    """

    name: str
    command: str
    flags: str
    needs: str | None = "SSC"
    within: bool = False

    def given(self, place: Path, made: Path | None, disk: Path, url: str, data: Path) -> Command:
        """The command, given in `place`, writing to the disk."""
        words = self.flags.format(made=made, out=disk / "out", url=url, data=data).split()
        return Command(self.command, words, place, place.with_suffix(".screen"))

    def prepare(self, made: Path | None, disk: Path) -> None:
        """What is there before the disk is full."""
        (disk / "out").mkdir()
        if self.within and made is not None:
            shutil.rmtree(disk / "out")
            begin(disk / "out", made)
            for page in (disk / "out").rglob("report.html"):  # megabytes
                page.unlink()


WRITERS = (
    Writer("optimize", "optimize", f"{OWN} {SIZES} --run two --runs-dir {{out}} {LM}", None),
    Writer("study", "study", f"{OWN} {SIZES} --modes SSC,CCC --gates mae --seeds 0 --run two --runs-dir {{out}} --yes {LM}",
           None),
    Writer("interference", "interference", "one --runs-dir {out}/runs --yes --api-base {url} --threads 4", "study", True),
    Writer("diagnose", "diagnose", "one --runs-dir {out}/runs --api-base {url} --threads 4", "study", True),
    Writer("score", "score", f"{{made}}/runs/one --data {{data}} --out {{out}}/scored.csv {LM}"),
    Writer("evaluate", "evaluate", f"{{made}}/runs/one --data {{data}} --out {{out}}/found.json {LM}"),
    Writer("evaluate --curve", "evaluate", f"{{made}}/runs/one --data {{data}} --curve {{out}}/curve.json {LM}"),
    Writer("compare", "compare", f"{{made}}/runs/one {{made}}/runs/one/judge.json --data {{data}} --out {{out}}/a.json"
           f" --html {{out}}/a.html {LM}"),
    Writer("check --freeze", "check", f"{{made}}/runs/one --data {{data}} --rows 20 --freeze {{out}}/anchors.json {LM}"),
    Writer("export", "export", "{made}/runs/one --to promptfoo --out {out}/portable"),
    Writer("advise", "advise", "{made}/runs/one --difference .1 --out {out}/advice.json"),
    Writer("report", "report", "one --runs-dir {out}/runs", "SSC", True),
    Writer("report --results", "report", "{made}/runs/one --results {out}/kept", "study"),
)  # fmt: skip
