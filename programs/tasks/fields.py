"""The parts of a task, and how each is read from its table of the task's file (format: see `task.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from programs.errors import UserError
from programs.tasks.names import check_scale
from programs.tasks.section import Section
from signatures.records import Criterion

PARTS = ("train", "validation", "test")

SPLIT_WORDS = {
    "train": "train", "training": "train", "dev": "validation", "val": "validation", "valid": "validation",
    "validation": "validation", "test": "test", "testing": "test",
}  # fmt: skip
"""What the words of a split column stand for; a task may name its own."""


@dataclass(frozen=True)
class Input:
    """One text that the judge sees: the field's name, and how prompts and people call it."""

    name: str
    label: str


@dataclass(frozen=True)
class DataReference:
    """Where rows come from: a file, or a data set of the hub (all its splits where none are named)."""

    file: str = ""
    hub: str = ""
    config: str = ""
    splits: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatingsReference:
    """Where single raters' scores come from, one row a rating: a file, or the data themselves (no file).

    The columns of a row's item, rater, criterion and score may be named, first choice first.
    """

    file: str = ""
    item: tuple[str, ...] = ()
    rater: tuple[str, ...] = ()
    criterion: tuple[str, ...] = ()
    score: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        columns = {key: list(getattr(self, key)) for key in ("item", "rater", "criterion", "score")}
        return {"file": self.file, **columns}


def read_input(section: Section) -> Input:
    section.only(["name", "label", "column"])
    name = section.text("name")
    return Input(name, section.text("label", "") or name.replace("_", " "))


def read_criterion(section: Section) -> Criterion:
    section.only(["name", "label", "description", "rubric", "scale", "column", "raters"])
    name, (low, high) = section.text("name"), section.scale()
    check_scale(name, low, high, section.where)
    texts = {key: section.text(key, "") for key in ("rubric", "label", "description")}
    return Criterion(name, low, high, **texts)


def read_raters(section: Section) -> tuple[str, ...]:
    """The columns of a criterion's single raters; their mean is the rating, so no column of it is named beside them."""
    raters = section.texts("raters")
    if raters and section.texts("column"):
        raise UserError(f"{section.where}: 'raters' and 'column' both say where the rating stands: give one of them")
    return raters


def criterion_to_dict(criterion: Criterion) -> dict[str, object]:
    texts = {"label": criterion.label, "description": criterion.description, "rubric": criterion.rubric}
    return {"name": criterion.name, "scale": [criterion.low, criterion.high], **texts}


def read_optional(section: Section) -> tuple[str, ...]:
    names = section.texts("optional")
    for name in names:
        if name not in ("document", "system", "row", "split"):
            raise UserError(f"{section.where}: 'optional' may name document, system, row and split, not {name!r}")
    return names


def read_data(section: Section) -> DataReference | None:
    section.only(["file", "hub", "config", "splits"])
    if not section.values:
        return None
    reference = DataReference(
        section.text("file", ""), section.text("hub", ""), section.text("config", ""), section.texts("splits")
    )
    if bool(reference.file) == bool(reference.hub):
        raise UserError(f"{section.where}: name either a 'file' or a data set of the 'hub'")
    return reference


def read_ratings_reference(values: Mapping[str, object], where: str) -> RatingsReference | None:
    """The task's table of single ratings, from what stands under `ratings`: None where nothing does."""
    if "ratings" not in values:
        return None
    section = Section(where, values).table("ratings").only(["file", "item", "rater", "criterion", "score"])
    columns = {key: section.texts(key) for key in ("item", "rater", "criterion", "score")}
    return RatingsReference(section.text("file", ""), **columns)


def read_split_values(section: Section) -> dict[str, str]:
    values = {word: section.text(word) for word in section.values}
    for word, part in values.items():
        if part not in PARTS:
            raise UserError(f"{section.where}: {word!r} must stand for one of {', '.join(PARTS)}, not {part!r}")
    return values


def read_sealed(section: Section) -> float:
    """The share of the test documents that is sealed; 0 without the table."""
    share = section.only(["share"]).values.get("share", 0.5 if section.values else 0.0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise UserError(f"{section.where}: 'share' must be a number from 0 up to, but not, 1, like 0.5, not {share!r}")
    return float(share)
