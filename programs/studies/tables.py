"""A study's sections as the Markdown of tables.md: their words and tables, without what only a page can show."""

from collections.abc import Sequence

from metrics.detectable import POWER_FACTOR
from programs.reports.parts import Fold, Part, Section
from programs.reports.table import Table
from programs.studies.markdown import as_markdown
from programs.studies.plan import Study
from programs.studies.results import Result

READING = f"""\
Read a cell so: ".412 [.310, .502]" is the value and its 95 % interval. Values are means over the criteria and the
seeds, pooled over each seed's test rows; intervals resample documents once for all seeds and hold for these seeds; the
spread over seeds is the standard deviation of the seeds' own values. n counts scored rows over all seeds; a document
may be tested under several. Detectable is half of a difference's interval: a smaller observed difference cannot be
told from zero (a true one must be {POWER_FACTOR:.2f} times as large to be found in four of five such studies).
"undefined" is no number, and never zero: judge or raters give one score only there. "-" does not apply or needs more
than is there: a spread more than one seed, the joint initial prompt a finished joint mode of every seed, an interval
six documents, for correlations and kappas off the commonest level of judge and raters, and a value in half of its
resamples (a judge that hardly ever leaves one score has none in most)."""


def as_text(study: Study, results: Sequence[Result], sections: Sequence[tuple[str, Sequence[Section]]]) -> str:
    """tables.md of the sections by task."""
    parts = [_head(study, results)]
    for task, own in sections:
        parts += [f"# {task}", *(_section(section) for section in own)]
    return "\n\n".join(parts) + "\n"


def missing_cells(study: Study, results: Sequence[Result]) -> list[str]:
    """What is not finished: the ids of cells, those of several seeds as one."""
    known, seeds = {result.cell for result in results}, dict[str, list[int]]()
    for cell in study.cells():
        if cell not in known:
            seeds.setdefault(cell.id.removesuffix(f"-{cell.seed}"), []).append(cell.seed)
    return [
        f"{name}-{each[0]}" if len(each) == 1 else f"{name} (seeds {', '.join(map(str, each))})"
        for name, each in seeds.items()
    ]


def _section(section: Section) -> str:
    return "\n\n".join([f"## {section.title}", *_texts(section.parts)])


def _texts(parts: Sequence[Part]) -> list[str]:
    """What Markdown can show of the parts; a folded part stands open there."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, Table):
            found.append(as_markdown(part))
        elif isinstance(part, Fold) and (inside := _texts(part.parts)):
            found += [f"### {part.title}", *inside]
    return found


def _head(study: Study, results: Sequence[Result]) -> str:
    missing = missing_cells(study, results)
    left = f" Not finished, and in no table: {', '.join(missing)}." if missing else ""
    return f"{len(results)} of {len(study.cells())} cells are finished.{left}\n\n{READING}"
