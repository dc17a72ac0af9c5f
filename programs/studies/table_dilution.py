"""Gradient dilution: what the rater makes of each configuration's feedback, from the cells' diagnostics.json alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metrics.detectable import detectable
from metrics.summary import Cell
from programs.diagnostics.calibrate import Calibration
from programs.diagnostics.cells import Cells, believed, cells_of, gather, separate_minus_joint
from programs.diagnostics.diagnosis import Diagnosis, RaterName
from programs.diagnostics.verdicts import figures, verdict
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number, table
from programs.studies.results import Configuration

FAILED = "rater failed calibration"

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

READING = """\
*Specificity* is the paper's number: the rater's 1 to 10 for each criterion that a note was written for. A joint note
loses points by construction, so its *best criterion* stands beside it, and what it gets *for other criteria* is the
chance level. The rest is blind attribution: a note is split into the suggestions that ask for a change, the criteria's
names are hidden in them, and the rater chooses among the criteria and "none of these". *For a criterion* counts the
suggestions attributed to a note's own criterion with a probability above one half, *covered* is the share of its
criteria that get any; *generic* suggestions are about none, *unclear* ones attributed to none. *Blind accuracy*
(balanced over the criteria) exists for separate notes only, whose criterion is known. A joint note has no single truth:
what it seems to be about need not be right. Whether a suggestion is any good is in none of these numbers. A rater that
does not order planted notes, whose quality is known, better than chance has failed, and its numbers are not shown."""


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


def markdown(one: Dilution) -> Iterator[str]:
    """The rater's calibration, then what it allows to be reported."""
    planted = one.calibration["planted"]
    yield f"Calibration of {one.rater} on {planted['notes']} planted notes ({planted['source']}):"
    yield table(["part", "measure", "value", "chance", "n", "verdict"], list(_calibration(one)))
    yield f"Focus and use of the feedback; intervals resample {one.unit}:"
    yield _by_configuration(one, one.diagnosed, FOCUS)
    if believed(one.diagnoses, "specificity"):
        yield "Specificity by criterion:"
        yield _by_criterion(one, "specificity")
    yield f"What the feedback suggests; intervals resample {one.unit}:"
    yield _by_configuration(one, one.diagnosed, CONTENT)
    if separate := [each for each in one.diagnosed if not each.joint]:
        yield "Whether suggestions of separate notes are attributed to the criterion that they were written for:"
        yield _by_configuration(one, separate, BLIND)
    if one.difference:
        yield "Separate minus joint notes, over all modes and gates:"
        yield _differences(one)


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


def _calibration(one: Dilution) -> Iterator[list[str]]:
    for part, measure, found, chance in figures(one.calibration):
        level = NONE if chance is None else f"{chance:g}"
        yield [part, measure, cell(found), level, str(found["n"]), verdict(one.calibration, part)]


def _by_configuration(one: Dilution, diagnosed: Sequence[Diagnosed], shown: Mapping[str, str]) -> str:
    """Measures that the rater may not be believed in share one column, which says so."""
    known = [measure for measure in shown if believed(one.diagnoses, measure)]
    failed = ", ".join(title for measure, title in shown.items() if measure not in known)
    titles = [*(shown[measure] for measure in known), *([failed] if failed else [])]
    rows = []
    for each in diagnosed:
        own = each.configuration
        texts = [*(_text(each.cells, measure) for measure in known), *([FAILED] if failed else [])]
        rows.append([own.mode, own.gate, str(len(each.diagnoses)), *texts, *_coverage(each.diagnoses)])
    return table(["mode", "gate", "seeds", *titles, "notes rated", "unanswered"], rows)


def _text(cells: Cells, measure: str) -> str:
    found = cells.get(measure, {}).get("mean")
    return NONE if found is None or not found["n"] else cell(found)


def _coverage(diagnoses: Sequence[Diagnosis]) -> tuple[str, str]:
    """How many of the notes were rated, and how many of the questions got no valid answer."""
    notes = [note for each in diagnoses for note in each.notes]
    every = sum(each.gradients for each in diagnoses)
    silent = sum(answer is None for note in notes for answer in (*note.ratings.values(), *note.suggestions))
    return f"{len(notes)} of {every}", str(silent)


def _by_criterion(one: Dilution, measure: str) -> str:
    names = one.diagnoses[0].origin.criteria
    rows = [
        [each.configuration.mode, each.configuration.gate, *(cell(each.cells[measure].get(name)) for name in names)]
        for each in one.diagnosed
    ]
    return table(["mode", "gate", *names], rows)


def _differences(one: Dilution) -> str:
    titles = {**FOCUS, **CONTENT}
    rows = []
    for measure, found in one.difference.items():
        smallest = detectable(found)
        rows.append([titles[measure], cell(found), NONE if smallest is None else number(smallest), str(found["n"])])
    return table(["measure", "separate minus joint", "detectable", "n"], rows)
