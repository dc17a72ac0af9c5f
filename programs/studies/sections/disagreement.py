"""Judge against raters, level by level: the joint initial prompt's and each kept judge's."""

from collections.abc import Sequence

from metrics.scores import Scores
from programs.reports.disagreement import Confusion, confusion
from programs.reports.parts import Fold, Grid, Heading, Part, Section
from programs.studies.comparison import Comparison
from programs.studies.results import KEPT
from programs.studies.sections.drawing import label


def section(task: Comparison) -> Section:
    kept = [Fold(label(task, one), [_grid(one.scores(KEPT))]) for one in task.configurations]
    return Section(
        "Judge against raters",
        [
            "Test rows by level, over all seeds: a row that two seeds tested counts twice. Raters' means are rounded "
            "half up. A stronger colour is a larger share of its row; framed is agreement.",
            *_initial(task),
            Heading("Kept judges"),
            *kept,
        ],
    )


def _initial(task: Comparison) -> list[Part]:
    known = {
        run.cell.seed: scores
        for one in task.configurations
        for run, scores in zip(one.results, one.initial or (), strict=False)
    }
    return [Heading("Joint initial prompt"), _grid(list(known.values()))] if known else []


def _grid(runs: Sequence[Scores]) -> Grid:
    return Grid([_confusion(runs, place) for place in range(len(runs[0].criteria))], width="narrow")


def _confusion(runs: Sequence[Scores], place: int) -> Confusion:
    pairs = [
        (human, judge if scored else None)
        for run in runs
        for human, judge, scored in zip(
            run.human[:, place].tolist(), run.judge[:, place].tolist(), run.scored[:, place], strict=True
        )
    ]
    return confusion(runs[0].criteria[place], pairs)
