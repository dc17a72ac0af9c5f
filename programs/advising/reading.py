"""From the folder of a run or a study, or from an evaluation's JSON, to a pilot."""

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from metrics.intervals import LEVEL
from metrics.metric import METRICS
from metrics.sample_size import Variance
from metrics.scores import Scores, clusters
from programs.advising.pace import evaluation_pace, run_pace, study_pace
from programs.advising.pilot import Part, Pilot, Tried, parts_of, seeds_of
from programs.advising.ratings import known_ratings
from programs.errors import UserError
from programs.optimizer.tested import Tested, read_tested
from programs.records.folder import RunFolder, read_json
from programs.studies.results import Result, results_of
from programs.studies.write import study_in

_UNKNOWN = "is no pilot: give a finished run or study, or the JSON that evaluate.py --out has written"


def read_pilots(place: str, runs: Path, metric: str, seed: int) -> list[Pilot]:
    """The pilot, one per task of a study. Raises UserError for what is none, has not ended, or is damaged."""
    try:
        return _pilots(place, runs, metric, seed)
    except UserError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise UserError(
            f"the files of {place} do not fit together ({error!r}): restore them, or remove summary.json and continue "
            "the run, which repeats no call"
        ) from None


def _pilots(place: str, runs: Path, metric: str, seed: int) -> list[Pilot]:
    if Path(place).is_file():
        return [_evaluation(Path(place), metric)]
    for path in (Path(place), runs / place):
        if (path / "cells").is_dir():
            return _study(path, metric, seed)
        if (path / "summary.json").is_file() and (path / "scores.json").is_file():
            return [_run(RunFolder(path), metric, seed)]
        if (path / "config.json").is_file():
            raise UserError(f"{path} has no summary.json or no scores.json: continue the run with --resume {path}")
    raise UserError(f"{place} {_UNKNOWN}")


def _run(folder: RunFolder, metric: str, seed: int) -> Pilot:
    tried = [_tried(read_tested(folder.scores))]
    parts, pairs = parts_of(tried, METRICS[metric], seed)
    return Pilot(
        str(folder.path),
        *_size(tried),
        parts,
        pairs,
        pace=run_pace(folder),
        ratings=known_ratings([read_json(folder.summary)]),
    )


def _study(path: Path, metric: str, seed: int) -> list[Pilot]:
    if not (path / "study.json").is_file():
        raise UserError(f"{path} has cells but no study.json, which says what was compared: put it back beside them")
    results = results_of(path, study_in(path))
    if not results:
        raise UserError(f"no cell of {path} is finished: continue it with study.py --run {path.name}")
    tasks = dict.fromkeys(result.cell.task for result in results)
    return [_of_task(path, [each for each in results if each.cell.task == task], metric, seed) for task in tasks]


def _of_task(path: Path, results: Sequence[Result], metric: str, seed: int) -> Pilot:
    tried = [_tried(each.tested, (each.cell.label, each.cell.gate_label)) for each in results]
    parts, pairs = parts_of(tried, METRICS[metric], seed)
    ratings = known_ratings([each.summary for each in results])
    name = f"{path}, task {results[0].cell.task_name}"
    return Pilot(name, *_size(tried), parts, pairs, seeds_of(tried), study_pace(path, results), ratings)


def _tried(tested: Tested, method: tuple[str, ...] | None = None) -> Tried:
    """The initial judge and the kept one; where they are the same, the last tested one that differs stands in.

    Its variance serves as well; its gain does not, so only a run by itself may do so.
    """
    before = tested.scores("0")
    names = ["kept"] if method else ["kept", *map(str, reversed(tested.steps))]
    others = (tested.scores(name) for name in names)
    after = next((each for each in others if not np.array_equal(each.judge, before.judge, equal_nan=True)), before)
    return Tried(before, after, method)


def _size(tried: Sequence[Tried]) -> tuple[int, int]:
    """Rows and documents of a run, in the mean over runs."""

    def mean(counts: Sequence[int]) -> int:
        return round(sum(counts) / len(counts))

    scores: list[Scores] = [each.before for each in tried]
    return mean([len(each) for each in scores]), mean([clusters(each)[1] for each in scores])


def _evaluation(path: Path, metric: str) -> Pilot:
    """From the intervals of one judge's agreement: an upper bound, since only one judge was there."""
    found = read_json(path)
    try:
        cells, within, coverage = (found[key] for key in ("pooled", "by_document", "coverage"))
        rows = max(int(each["rows"]) for each in coverage.values())
        documents = int(within[metric]["mean"]["n"]) and max(_documents(each) for each in within[metric].values())
        parts = [Part(name, _variance(cell, documents or rows), bound=True) for name, cell in cells[metric].items()]
        if {part.name for part in parts} != {*coverage, "mean"}:
            raise ValueError("criteria")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise UserError(f"{path} {_UNKNOWN}") from None
    return Pilot(
        str(path), rows, documents or rows, parts, 0, pace=evaluation_pace(found), ratings=known_ratings([found])
    )


def _documents(cell: Mapping[str, Any]) -> int:
    return int(cell["n"]) + int(cell["undefined"])


def _variance(cell: Mapping[str, Any], documents: int) -> Variance | None:
    """Twice the variance of one judge's value, per document, from the width of its interval."""
    if cell["low"] is None or cell["high"] is None or cell["high"] <= cell["low"]:
        return None
    error = (cell["high"] - cell["low"]) / 2 / float(stdtrit(documents - 1, (1 + LEVEL) / 2))
    return Variance((error * sqrt(2 * documents)) ** 2, documents - 1.0)
