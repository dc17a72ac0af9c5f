"""Every command that writes, with the place where it does: what a full or a read-only disk is tried on."""

from dataclasses import dataclass
from pathlib import Path

from tests.reliability.cases import OWN, SIZES, begin
from tests.reliability.sessions import Command

LM = "--lm stub --api-base {url} --threads 4"
STUDY = f"{OWN} {SIZES} --steps 1 --modes SSC,CCC --gates mae --seeds 0 --run two --runs-dir {{out}} --yes {LM}"
COMPARE = f"{{made}}/runs/one {{made}}/runs/one/judge.json --data {{data}} --names a,b {LM}"


@dataclass(frozen=True)
class Writer:
    """`flags` speak of `{made}`, a folder with a finished run or study `runs/one`, and of `{out}`, where is written.

    `within`: it writes into the run's or study's own folder, which is then made in `{out}` beforehand. `cached`: its LM
    calls are kept by DSPy's cache and not by a log.
    """

    name: str
    flags: str
    needs: str | None = "SSC"
    within: bool = False
    cached: bool = False

    @property
    def command(self) -> str:
        return self.name.split()[0]

    def given(self, place: Path, made: Path | None, out: Path, url: str, data: Path) -> Command:
        """The command, to begin and to go on, given in the folder `place`."""
        words = self.flags.format(made=made, out=out, url=url, data=data).split()
        if self.command == "optimize" and (out / "two" / "config.json").is_file():
            words = ["--resume", "two", "--runs-dir", str(out), "--api-base", url]
        return Command(self.command, words, place, place / "screen", place / "cache" if self.cached else None)

    def prepare(self, made: Path | None, out: Path) -> None:
        """What is there before anything goes wrong."""
        if not self.within:
            out.mkdir()
            return
        begin(out, made)
        for page in out.rglob("report.html"):  # megabytes
            page.unlink()


WRITERS = (
    Writer("optimize", f"{OWN} {SIZES} --run two --runs-dir {{out}} {LM}", None),
    Writer("study", STUDY, None),
    Writer("interference", "one --runs-dir {out}/runs --yes --api-base {url} --threads 4", "small study", within=True),
    Writer(
        "diagnose", "one --runs-dir {out}/runs --rate-orders 1 --api-base {url} --threads 4", "small study", within=True
    ),
    Writer("score", f"{{made}}/runs/one --data {{data}} --out {{out}}/scored.csv {LM}"),
    Writer("evaluate", f"{{made}}/runs/one --data {{data}} --out {{out}}/found.json {LM}", cached=True),
    Writer("evaluate --curve", f"{{made}}/runs/one --data {{data}} --curve {{out}}/curve.json {LM}", cached=True),
    Writer("compare", f"{COMPARE} --out {{out}}/compared.json --html {{out}}/compared.html", cached=True),
    Writer("check --freeze", f"{{made}}/runs/one --data {{data}} --rows 20 --freeze {{out}}/anchors.json {LM}"),
    Writer("export", "{made}/runs/one --to promptfoo --out {out}/portable"),
    Writer("advise", "{made}/runs/one --difference .1 --out {out}/advice.json"),
    Writer("report", "one --runs-dir {out}/runs", within=True),
    Writer("report --results", "{made}/runs/one --results {out}/kept", "small study"),
)
"""All commands that write files, by what they are called in messages."""
