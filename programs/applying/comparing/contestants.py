"""Who is compared: what each name on the command line stands for, and what it is called in tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from programs.applying.comparing.past_run import PastRun
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.records.folder import RunFolder, read_json
from programs.tasks.describe import listed
from programs.tasks.tables import READERS

OWN_COLUMNS = "columns"
_TABLE = re.compile(r"(?P<file>.*?)(?:@(?P<key>[^:@]+))?(?::(?P<columns>[^:]+=.+))?", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Contestant:
    """A judge of this program, from the file `path`, with the run that it is kept in where there is one."""

    name: str
    judge: Judge
    path: Path
    run: PastRun | None = None


@dataclass(frozen=True)
class Given:
    """Scores that somebody else's judge gave: in `file`, or (None) in the table of the compared rows themselves.

    `key` is the column that both tables match rows by, `columns` maps criteria to columns (empty: CRITERION_score).
    """

    name: str
    file: str | None
    key: str | None
    columns: Mapping[str, str]


Side = Contestant | Given


def contestants(words: Sequence[str], names: str | None, runs: Path) -> list[Side]:
    """Every side in the order given. Raises UserError for what is none, and for names that do not tell them apart."""
    if len(words) < 2:
        raise UserError("a comparison needs two judges or more: name another run, judge.json or table of scores")
    for place, word in enumerate(words):
        if word in words[:place]:
            raise UserError(f"{word} stands twice: a judge compared with itself shows nothing; leave one out")
    called = listed(names, "--names", "before,after") if names is not None else [_name(word) for word in words]
    if len(called) != len(words):
        raise UserError(f"--names: {len(called)} names for {len(words)} judges: give one a judge, in their order")
    for place, name in enumerate(called):
        if name in called[:place]:
            raise UserError(f"two judges are called {name!r}: tell them apart, with --names a,b,...")
    return [_side(name, word, runs) for name, word in zip(called, words, strict=True)]


def _side(name: str, word: str, runs: Path) -> Side:
    path = Path(word)
    if path.is_dir() or (runs / word / "config.json").is_file():
        return _of_run(name, RunFolder.find(runs, word))
    if path.is_file() and _is_judge(path):
        beside = RunFolder(path.parent)
        own = path.name == beside.judge.name and beside.config.is_file()
        return _of_run(name, beside) if own else Contestant(name, load_judge(path), path)
    if not path.is_file() and word.startswith(f"{OWN_COLUMNS}:"):
        return Given(name, None, None, _mapping(word, word.removeprefix(f"{OWN_COLUMNS}:")))
    return _table(name, word)


def _of_run(name: str, folder: RunFolder) -> Contestant:
    run = PastRun.read(folder)
    return Contestant(name, run.judge(), folder.judge, run)


def _is_judge(path: Path) -> bool:
    """A judge is a JSON object, a table of scores a list of them."""
    return path.suffix.lower() == ".json" and isinstance(read_json(path), dict)


def _table(name: str, word: str) -> Given:
    """FILE, FILE@ID, FILE:criterion=column or both. A file of just that name comes first."""
    match = None if Path(word).is_file() else _TABLE.fullmatch(word)
    file = match["file"] if match else word
    if not Path(file).is_file() or Path(file).suffix.lower() not in READERS:
        raise UserError(
            f"{word}: is no run, judge.json or table of scores ({', '.join(READERS)}): --help says how each is named"
        )
    columns = _mapping(word, match["columns"]) if match and match["columns"] else {}
    return Given(name, file, match["key"] if match else None, columns)


def _mapping(word: str, text: str) -> dict[str, str]:
    """`helpful=gpt_helpful,tone=gpt_tone`: criterion -> column."""
    found: dict[str, str] = {}
    for item in listed(text, word, f"{OWN_COLUMNS}:helpful=gpt_helpful,tone=gpt_tone"):
        criterion, _, column = (part.strip() for part in item.partition("="))
        if not criterion or not column:
            raise UserError(f"{word}: {item!r} does not say criterion=column, like helpful=gpt_helpful")
        if criterion in found:
            raise UserError(f"{word}: {criterion!r} stands twice; name one column for it")
        found[criterion] = column
    return found


def _name(word: str) -> str:
    """What people call it: the folder of a run or of a `judge.json`, another file by its name, columns by theirs."""
    path = Path(word)
    if not path.exists():
        head, _, mapping = word.partition(":")
        if head == OWN_COLUMNS and mapping:
            return "+".join(_mapping(word, mapping).values())
        path = Path(head.rpartition("@")[0] or head)
    if path.is_dir():
        return path.resolve().name
    return path.resolve().parent.name if path.name == "judge.json" else path.stem
