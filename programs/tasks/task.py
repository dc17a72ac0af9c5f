"""What is judged: a task names the inputs of the judge, the criteria, and the columns of the data they live in.

A task is a small TOML file (the same keys, as JSON, are kept in a run's `config.json` and in `judge.json`):

    name = "summeval"                          # letters, digits, _ and -
    instructions = "Judge the summary."        # the judge's directive, short
    document = ["doc_id", "id"]                # optional: the column that groups rows; documents are never split
    system = "model"                           # optional: the column that says what wrote the judged text
    row = "id"                                 # optional: the column of unique row ids; else rows are numbered
    split = "split"                            # optional: the column that fixes train, validation and test
    optional = ["row", "split"]                # optional: which of document, system, row, split a table may lack
    sealed = { share = 0.5 }                   # optional: share of the test documents that are for confirm.py alone

    [[inputs]]                                 # in prompt order: the shared source first, the judged text last
    name = "source"                            # an identifier; the field's name in prompts and examples
    label = "Article"                          # optional: how people and prompts call it
    column = ["source", "text"]                # optional, default the name; of several, the first present is read

    [[criteria]]
    name = "fluency"
    scale = [1, 5]                             # lowest and highest level, whole numbers
    label = "Fluency"                          # optional
    description = "..."                        # optional: what it means, for LMs that do not see the rubric
    rubric = "Rate from 1 to 5."               # optional: the initial instruction
    column = "fluency"                         # optional, default the name
    raters = ["anna", "ben"]                   # optional, in place of column: one column a rater, whose mean is the
                                               #   rating; a rater may have left some rows out

    [data]                                     # optional: what is read when no --data is given, one of
    file = "sample.csv"                        #   a file beside the TOML file, or
    hub = "mteb/summeval"                      #   a data set of the hub, with optional `config` and `splits`
    config = "eng"
    splits = ["train", "dev", "test"]

    [ratings]                                  # optional, in place of raters: a table with one row a rating,
    file = "ratings.csv"                       #   a file beside the TOML file; none: the data are that table, and the
                                               #   rows of one item repeat its texts
    item = "row_id"                            # optional: the column of the data's row id (`row` must be named)
    rater = "annotator"                        # optional: the column of the rater
    criterion = "criterion"                    # optional: where a row is one criterion's, its column and that of the
    score = "score"                            #   score; else each criterion has its own column

    [expand]                                   # optional: columns that hold lists of equal length, one item a row
    columns = ["machine_summaries", "fluency"]
    position = "place"                         # optional: a column to add, the item's place in the list, from 1

    [split_values]                             # optional: own words of the split column; train, training, dev, val,
    heldout = "test"                           # valid, validation, test, testing are known

Everything else in the file is refused, so that a misspelt key is never silently ignored.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from programs.errors import UserError, suggest
from programs.tasks import fields
from programs.tasks.fields import DataReference, Input, RatingsReference
from programs.tasks.names import check_names, check_raters, check_scale, check_task_name
from programs.tasks.section import Section
from programs.toml import read_toml
from signatures.records import Criterion, Group

TASKS_FOLDER = Path(__file__).parent
"""Where the built-in tasks, and the files they name, lie."""

_KEYS = (
    "name", "instructions", "document", "system", "row", "split", "optional", "inputs", "criteria", "data", "ratings",
    "expand", "split_values", "sealed",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What is judged (see this module's docstring for the file it is read from).

    `columns` maps inputs and criteria to the columns they may stand in, first choice first (not mapped: their own
    name); `document`, `system`, `row` and `split` hold such choices too, empty where there is no such column. `raters`
    maps criteria to the columns of their single raters, or `ratings` is a table of these; `sealed` is a share of the
    test documents (see `sealed.py`). Raises UserError for names, scales and raters that cannot work.
    """

    name: str
    instructions: str
    inputs: tuple[Input, ...]
    criteria: tuple[Criterion, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    document: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    row: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    data: DataReference | None = None
    expand: tuple[str, ...] = ()
    position: str = ""
    split_values: Mapping[str, str] = field(default_factory=dict)
    raters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ratings: RatingsReference | None = None
    sealed: float = 0.0

    def __post_init__(self) -> None:
        where = f"task {self.name!r}"
        check_task_name(self.name, where)
        check_names([*self.input_names, *self.criterion_names], where)
        for criterion in self.criteria:
            check_scale(criterion.name, criterion.low, criterion.high, where)
        check_raters(self.raters, where)
        if self.raters and self.ratings:
            raise UserError(f"{where}: has rater columns and a table of ratings (--ratings, --rater): give one of them")
        if self.ratings and not self.ratings.file and self.expand:
            raise UserError(f"{where}: rows that hold lists cannot be rows of single ratings: name a file of ratings")

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.inputs)

    @property
    def criterion_names(self) -> Group:
        return tuple(each.name for each in self.criteria)

    def select(self, group: Group) -> tuple[Criterion, ...]:
        """The criteria that `group` names, in the group's order; an unknown name is a KeyError."""
        criteria = {each.name: each for each in self.criteria}
        return tuple(criteria[name] for name in group)

    def choices(self, name: str) -> tuple[str, ...]:
        """The columns that an input or criterion may stand in, first choice first."""
        return self.columns.get(name, (name,))

    def with_system(self, column: str | None) -> "Task":
        """The same task with the systems in this column, which its rows must have; None leaves it as it is."""
        if column is None:
            return self
        return replace(self, system=(column,), optional=tuple(name for name in self.optional if name != "system"))

    def part(self, word: str) -> str | None:
        """Train, validation or test: what a value of the split column stands for, None when it is not known."""
        return self.split_values.get(word) or fields.SPLIT_WORDS.get(word.strip().lower())

    def to_dict(self) -> dict[str, object]:
        """The task as JSON, under the keys of its TOML file; `Task.from_dict` reads it back to an equal task."""
        return {
            "name": self.name,
            "instructions": self.instructions,
            **{name: list(getattr(self, name)) for name in ("document", "system", "row", "split", "optional")},
            "inputs": [asdict(each) | self._column(each.name) for each in self.inputs],
            "criteria": [fields.criterion_to_dict(each) | self._places(each.name) for each in self.criteria],
            "data": asdict(self.data) | {"splits": list(self.data.splits)} if self.data else {},
            "expand": {"columns": list(self.expand), "position": self.position},
            "split_values": dict(self.split_values),
            **({"ratings": self.ratings.to_dict()} if self.ratings else {}),
            **({"sealed": {"share": self.sealed}} if self.sealed else {}),
        }

    def _places(self, name: str) -> dict[str, list[str]]:
        raters = {"raters": list(self.raters[name])} if name in self.raters else {}
        return {**self._column(name), **raters}

    def _column(self, name: str) -> dict[str, list[str]]:
        return {"column": list(self.columns[name])} if name in self.columns else {}

    @classmethod
    def from_dict(cls, values: Mapping[str, object], where: str) -> "Task":
        """The task that `values`, a parsed TOML file or the JSON of `to_dict`, describes; `where` names the file."""
        section = Section(where, values).only(_KEYS)
        inputs, criteria = section.tables("inputs"), section.tables("criteria")
        expand = section.table("expand").only(["columns", "position"])
        columns = {each.text("name"): each.texts("column") for each in (*inputs, *criteria)}
        raters = {each.text("name"): fields.read_raters(each) for each in criteria}
        check_task_name(section.text("name"), where)
        check_names([each.text("name") for each in (*inputs, *criteria)], where)
        check_raters({name: columns for name, columns in raters.items() if columns}, where)
        return cls(
            name=section.text("name"),
            instructions=section.text("instructions"),
            inputs=tuple(fields.read_input(each) for each in inputs),
            criteria=tuple(fields.read_criterion(each) for each in criteria),
            columns={name: choices for name, choices in columns.items() if choices},
            document=section.texts("document"),
            system=section.texts("system"),
            row=section.texts("row"),
            split=section.texts("split"),
            optional=fields.read_optional(section),
            data=fields.read_data(section.table("data")),
            expand=expand.texts("columns"),
            position=expand.text("position", ""),
            split_values=fields.read_split_values(section.table("split_values")),
            raters={name: columns for name, columns in raters.items() if columns},
            ratings=fields.read_ratings_reference(values, where),
            sealed=fields.read_sealed(section.table("sealed")),
        )


def built_in_tasks() -> tuple[str, ...]:
    """The names that `load_task` knows without a path."""
    return tuple(sorted(path.stem for path in TASKS_FOLDER.glob("*.toml")))


def load_task(name: str) -> Task:
    """The built-in task of that name, or the task in the TOML file of that path.

    Raises UserError when there is none, or when the file is not a task.
    """
    if name in built_in_tasks():
        return _read(TASKS_FOLDER / f"{name}.toml")
    path = Path(name)
    if path.suffix != ".toml":
        known = ", ".join(built_in_tasks())
        raise UserError(f"--task: no task {name!r}{suggest(name, built_in_tasks())} (known: {known}, or a .toml file)")
    task, found = _read(path), dict[str, Any]()
    for name in ("data", "ratings"):
        if (reference := getattr(task, name)) is not None and reference.file:
            found[name] = replace(reference, file=str(path.parent.resolve() / reference.file))
    return replace(task, **found)


def _read(path: Path) -> Task:
    return Task.from_dict(read_toml(path, "give --task a task file (.toml), or the name of a built-in task"), str(path))
