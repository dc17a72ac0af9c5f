"""The rubrics that each configuration kept, against the initial ones."""

from programs.reports.diff import word_count, word_diff
from programs.reports.parts import Diff, Fold, Part, Section
from programs.studies.comparison import Comparison
from programs.studies.results import Configuration, Result
from programs.studies.sections.drawing import label

ABSENT = "Left out: no text of a rubric is here (kept results hold numbers only; the study's own page has the texts)."


def section(task: Comparison) -> Section:
    if not all(run.rubrics for run in task.results):
        return Section("Kept rubrics", [ABSENT])
    folds = [_fold(task, one) for one in task.configurations]
    return Section("Kept rubrics", ["What each run kept, word by word against the rubric that it began with.", *folds])


def _fold(task: Comparison, one: Configuration) -> Part:
    changed = sum(step > 0 for run in one.results for step in run.kept.values())
    every = sum(len(run.kept) for run in one.results)
    title = f"{label(task, one)}: {changed} of {every} kept rubrics are not the initial one"
    return Fold(title, [part for run in one.results for part in _run(run)]) if changed else f"{title}."


def _run(run: Result) -> list[Part]:
    changed = {name: step for name, step in run.kept.items() if step}
    same = [name for name in run.kept if name not in changed]
    diffs = [_diff(run, name, step) for name, step in changed.items()]
    return [*diffs, f"Seed {run.cell.seed} kept the initial rubric of: {', '.join(same)}."] if same else list(diffs)


def _diff(run: Result, name: str, step: int) -> Diff:
    first, kept = run.rubrics[0][name], run.rubrics[step][name]
    return Diff(
        f"{name}, seed {run.cell.seed}: step {step}, {word_count(first)} words became {word_count(kept)}",
        word_diff(first, kept),
    )
