"""confirmation.json: every opening of the sealed rows, written before anything is asked, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import read_json, write_json
from programs.records.provenance import provenance

FILE = "confirmation.json"
FORMAT = 1


@dataclass(frozen=True)
class Design:
    """What is fixed before the rows are opened. `judges` are hashes by arm and seed, `data` that of all rows.

    `chosen` says how the rival was found where that was left to the development rows (arm -> its value there).
    """

    task: str
    data: str
    primary: str
    against: tuple[str, ...]
    rows: int
    margin: float
    seed: int
    judges: Mapping[str, Mapping[str, str]]
    chosen: Mapping[str, float | None] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "against": list(self.against)}


def read_openings(study: Path) -> list[dict[str, Any]]:
    """The openings so far; none where there is no file. Raises UserError for a damaged one: it is the record."""
    file = study / FILE
    if not file.exists():
        return []
    found = read_json(file)
    try:
        if found["format"] != FORMAT or not all(isinstance(each["when"], str) for each in found["openings"]):
            raise ValueError("of another version")
        return [dict(each) for each in found["openings"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} is damaged ({error!r}): restore it, since it says what was opened") from None


def last_opening(study: Path) -> dict[str, Any]:
    """What --resume goes on with. Raises UserError where nothing has been opened."""
    openings = read_openings(study)
    if not openings:
        raise UserError(f"--resume: the sealed rows of {study} have not been opened: leave the flag out")
    return openings[-1]


def require_leave(study: Path, *, resume: bool, again: bool) -> None:
    """Raises UserError where the rows have been opened and nobody says that this is known."""
    openings = read_openings(study)
    if openings and not resume and not again:
        last = openings[-1]
        raise UserError(
            f"the sealed rows were opened on {last['when']} for {words(last)}: --resume goes on with that, or shows it "
            "again; --again opens them once more, which is recorded"
        )


def opened(study: Path, design: Design, *, resume: bool) -> None:
    """Writes the opening down; with `resume` only makes sure that it is the same. Raises UserError where it is not."""
    openings = read_openings(study)
    plan = design.to_dict()
    if resume:
        differing = [name for name, value in plan.items() if openings[-1][name] != value and name != "chosen"]
        if differing:
            raise UserError(
                f"--resume: {', '.join(differing)} differ from the opening of {openings[-1]['when']} for "
                f"{words(openings[-1])}: leave these flags out, and restore what has changed; or use --again"
            )
        return
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    _write(study, [*openings, {"when": now, **plan, **provenance(), "results": None}])


def finished(study: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    """The last opening with its results, which are written down."""
    *others, last = read_openings(study)
    done = {**last, "results": dict(results)}
    _write(study, [*others, done])
    return done


def times_opened(study: Path, task: str, data: str) -> int:
    """How often the same sealed rows were opened by this study and those beside it."""
    known = [each for path in sorted(study.parent.glob(f"*/{FILE}")) for each in read_openings(path.parent)]
    return sum((each["task"], each["data"]) == (task, data) for each in known)


def words(opening: Mapping[str, Any]) -> str:
    """`calibrated against single, initial`."""
    return f"{opening['primary']} against {', '.join(opening['against'])}"


def _write(study: Path, openings: Sequence[Mapping[str, Any]]) -> None:
    write_json(study / FILE, {"format": FORMAT, "openings": list(openings)})
