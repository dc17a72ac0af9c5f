"""Gradient dilution: what the rater makes of each configuration's feedback, from the cells' diagnostics.json alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metrics.detectable import detectable
from metrics.summary import Cell
from programs.diagnostics.calibrate import Calibration
from programs.diagnostics.cells import Cells, believed, cells_of, gather, separate_minus_joint
from programs.diagnostics.diagnosis import Diagnosis, RaterName
from programs.diagnostics.verdicts import FAILED, figures, verdict
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number
from programs.studies.results import Configuration

UNITS = {"steps": "steps of seeds", "rows": "rows of steps, since there are too few steps"}

FOCUS = {
    "specificity": "specificity, 1-10",
    "chance": "for other criteria",
    "best": "best criterion",
    "adherence": "adherence, 1-10",
}
CONTENT = {
    "suggestions": "suggestions a note",
    "for_criterion": "for a criterion",
    "for_criterion_per_100_tokens": "for a criterion per 100 tokens",
    "covered": "criteria covered",
    "generic": "generic",
    "unclear": "unclear",
}
BLIND = {"accuracy": "blind accuracy", "above_chance": "above chance"}


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """One configuration over the seeds that have been diagnosed by one rater."""

    configuration: Configuration
    diagnoses: Sequence[Diagnosis]
    cells: Cells

    @property
    def joint(self) -> bool:
        return any(note.joint for each in self.diagnoses for note in each.notes)


@dataclass(frozen=True, eq=False)
class Dilution:
    """What one rater said of one task; `difference` is separate minus joint over all configurations."""

    task: str
    rater: str
    diagnosed: Sequence[Diagnosed]
    diagnoses: Sequence[Diagnosis]
    difference: Mapping[str, Cell]
    unit: str

    @property
    def calibration(self) -> Calibration:
        """The planted notes are the task's, so every run of this rater has the same calibration."""
        return self.diagnoses[0].calibration


def dilution(task: str, configurations: Sequence[Configuration]) -> list[Dilution]:
    """One entry a rater; none where no cell has been diagnosed."""
    every = [run.diagnosis for one in configurations for run in one.results if run.diagnosis is not None]
    raters = dict.fromkeys(each.rater for each in every)
    return [_of_rater(task, rater, configurations, [each for each in every if each.rater == rater]) for rater in raters]


def lines(found: Sequence[Dilution]) -> Iterator[Line]:
    """Calibration, every measure of every configuration, and the differences; what failed has no line but the first."""
    for one in found:
        for part, what, shown, _ in figures(one.calibration):
            filled = cell_fields(what, shown)
            yield Line("calibration", one.task, metric=part, view=verdict(one.calibration, part), **filled)
        for each in one.diagnosed:
            for measure, cells in each.cells.items():
                for name, own in cells.items():
                    filled = cell_fields("notes", own)
                    yield Line("dilution", *each.configuration.name, criterion=name, metric=measure, **filled)
        for measure, own in one.difference.items():
            filled = {**cell_fields("difference", own), "what": "separate_minus_joint"}
            yield Line("dilution", one.task, criterion="mean", metric=measure, **filled)


def _of_rater(
    task: str, rater: RaterName, configurations: Sequence[Configuration], diagnoses: Sequence[Diagnosis]
) -> Dilution:
    diagnosed = []
    for one in configurations:
        own = [run.diagnosis for run in one.results if run.diagnosis is not None and run.diagnosis.rater == rater]
        if own:
            diagnosed.append(Diagnosed(one, own, cells_of(own)))
    return Dilution(
        task, rater.lm, diagnosed, diagnoses, separate_minus_joint(diagnoses), UNITS[gather(diagnoses).unit]
    )


def calibration(one: Dilution) -> Table:
    """What the planted notes say of the rater."""
    rows = []
    for part, measure, found, chance in figures(one.calibration):
        level = NONE if chance is None else f"{chance:g}"
        rows.append([part, measure, cell(found), level, str(found["n"]), verdict(one.calibration, part)])
    planted = one.calibration["planted"]
    caption = f"Calibration of {one.rater} on {planted['notes']} planted notes ({planted['source']})"
    return Table.of(caption, ["part", "measure", "value", "chance", "n", "verdict"], rows)


def focus(one: Dilution) -> Table:
    """The ratings from 1 to 10 by configuration."""
    return _by_configuration(one, one.diagnosed, FOCUS, "Focus and use of the feedback")


def content(one: Dilution) -> Table:
    """What the suggestions are about, by configuration."""
    return _by_configuration(one, one.diagnosed, CONTENT, "What the feedback suggests")


def blind(one: Dilution) -> Table | None:
    """Whether separate notes speak of their criterion; None where no note is separate."""
    separate = [each for each in one.diagnosed if not each.joint]
    caption = "Whether suggestions of separate notes are attributed to the criterion that they were written for"
    return _by_configuration(one, separate, BLIND, caption) if separate else None


def by_criterion(one: Dilution) -> Table | None:
    """Specificity by criterion; None where the rater failed in it."""
    if not believed(one.diagnoses, "specificity"):
        return None
    names = one.diagnoses[0].origin.criteria
    rows = []
    for each in one.diagnosed:
        own, cells = each.configuration, each.cells["specificity"]
        rows.append([own.mode, own.gate, *(cell(cells.get(name)) for name in names)])
    return Table.of("Specificity by criterion", ["mode", "gate", *names], rows)


def differences(one: Dilution) -> Table | None:
    """Separate minus joint, with the smallest difference that could be told from none; None without both kinds."""
    titles = {**FOCUS, **CONTENT}
    rows = []
    for measure, found in one.difference.items():
        smallest = detectable(found)
        rows.append([titles[measure], cell(found), NONE if smallest is None else number(smallest), str(found["n"])])
    header = ["measure", "separate minus joint", "detectable", "n"]
    return Table.of("Separate minus joint notes, over all modes and gates", header, rows) if rows else None


def _by_configuration(one: Dilution, diagnosed: Sequence[Diagnosed], shown: Mapping[str, str], caption: str) -> Table:
    """Measures that the rater may not be believed in share one column, which says so."""
    known = [measure for measure in shown if believed(one.diagnoses, measure)]
    failed = ", ".join(title for measure, title in shown.items() if measure not in known)
    titles = [*(shown[measure] for measure in known), *([failed] if failed else [])]
    rows = []
    for each in diagnosed:
        own = each.configuration
        texts = [*(_text(each.cells, measure) for measure in known), *([FAILED] if failed else [])]
        rows.append([own.mode, own.gate, str(len(each.diagnoses)), *texts, *_coverage(each.diagnoses)])
    header = ["mode", "gate", "seeds", *titles, "notes rated", "unanswered"]
    return Table.of(f"{caption} (intervals over {one.unit})", header, rows)


def _text(cells: Cells, measure: str) -> str:
    found = cells.get(measure, {}).get("mean")
    return NONE if found is None or not found["n"] else cell(found)


def _coverage(diagnoses: Sequence[Diagnosis]) -> tuple[str, str]:
    """How many of the notes were rated, and how many of the questions got no valid answer."""
    notes = [note for each in diagnoses for note in each.notes]
    every = sum(each.gradients for each in diagnoses)
    silent = sum(answer is None for note in notes for answer in (*note.ratings.values(), *note.suggestions))
    return f"{len(notes)} of {every}", str(silent)
