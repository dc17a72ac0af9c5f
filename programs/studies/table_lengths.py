"""Length asymmetry: how unequal the rubrics become from step to step, and whether agreement is lost with it."""

from collections.abc import Iterator, Sequence

import numpy as np

from metrics.estimates import pooled
from metrics.intervals import value_scale
from metrics.metric import METRICS
from metrics.over_runs import mean_or_none
from metrics.scores import Scores
from metrics.summary import Cell, cell_table
from metrics.tokens import TOKENIZER
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number
from programs.studies.results import Configuration, Result
from signatures.records import Criterion

Point = tuple[float, float, int]
"""Asymmetry, loss of agreement, and the cell that the step belongs to."""

OF_PROMPTS, OF_CRITERIA = ("gini", "ratio"), ("shares", "others")
"""Gini and longest against shortest rubric go with the mean agreement; a criterion's share, and the tokens of all
others' rubrics, with its own."""
MEASURES = (*OF_PROMPTS, *OF_CRITERIA)
MEANINGS = {
    "gini": "Gini of the prompt",
    "ratio": "longest against shortest of the prompt",
    "shares": "the criterion's share",
    "others": "tokens of the other rubrics",
}


def lines(results: Sequence[Result]) -> Iterator[Line]:
    """Tokens and shares by criterion, ratio and Gini by prompt, for every cell and step."""
    for result in results:
        own = result.cell
        for step, lengths in result.lengths.items():
            for what, values in (("tokens", lengths.tokens), ("share", lengths.shares)):
                for name, value in values.items():
                    yield Line("lengths", **own.fields, step=step, what=what, criterion=name, value=value)
            for what, one in (("ratio", lengths.ratio), ("gini", lengths.gini)):
                yield Line("lengths", **own.fields, step=step, what=what, value=one)


CAPTIONS = {
    "gini": f"Gini of the {TOKENIZER} tokens per rubric (0: all alike), by step",
    "ratio": "Longest rubric against the shortest, by step",
}


def by_step(configurations: Sequence[Configuration], what: str) -> Table:
    """`gini` or `ratio` by step, averaged over the seeds."""
    last = max(max(run.lengths) for one in configurations for run in one.results)
    rows = []
    for one in configurations:
        found = [mean_or_none([_measure(run, step, what) for run in one.results]) for step in range(last + 1)]
        rows.append([one.mode, one.gate, *(number(value, 2) for value in found)])
    return Table.of(CAPTIONS[what], ["mode", "gate", *(f"step {step}" for step in range(last + 1))], rows)


def at_the_end(configurations: Sequence[Configuration]) -> Table:
    """Tokens by criterion after the last step, averaged over the seeds, with the share of the prompt."""
    names = list(next(iter(configurations[0].results[0].lengths.values())).tokens)
    rows = []
    for one in configurations:
        lengths = [run.lengths[max(run.lengths)] for run in one.results]
        tokens = [mean_or_none([each.tokens[name] for each in lengths]) for name in names]
        shares = [mean_or_none([each.shares[name] for each in lengths]) for name in names]
        texts = [f"{number(count, 1)} ({number(share, 2)})" for count, share in zip(tokens, shares, strict=True)]
        rows.append([one.mode, one.gate, *texts])
    caption = f"{TOKENIZER} tokens per rubric after the last step (share of the prompt's rubrics)"
    return Table.of(caption, ["mode", "gate", *names], rows)


def correlation(results: Sequence[Result], measure: str) -> Cell | None:
    """Spearman between asymmetry and the loss of Spearman since step 0, over the steps of all joint prompts.

    Its interval resamples cells, since the steps of one cell follow from each other. None without a point.
    """
    joint = [result for result in results if result.joint and result.lengths]
    points = [point for place, result in enumerate(joint) for point in _points(result, measure, place)]
    if not points:
        return None
    asymmetry, loss, cells = (np.array(column) for column in zip(*points, strict=True))
    scores = Scores((Criterion("asymmetry", 0, 1),), loss[:, None], asymmetry[:, None], cells.astype(np.intp))
    spearman = METRICS["spearman"]
    found = cell_table(pooled(scores, [spearman]), ["spearman"], [value_scale(spearman)], ["asymmetry"])
    return found["spearman"]["asymmetry"]


def correlation_lines(task: str, results: Sequence[Result]) -> Iterator[Line]:
    for measure in MEASURES:
        if (found := correlation(results, measure)) is not None:
            filled = cell_fields(f"{measure}_with_loss", found)
            yield Line("length_correlation", task, metric="spearman", **filled)


def correlations(results: Sequence[Result]) -> Table:
    """The rank correlations as a table."""
    rows = [(measure, correlation(results, measure)) for measure in MEASURES]
    texts = [[MEANINGS[measure], cell(found), NONE if found is None else str(found["n"])] for measure, found in rows]
    caption = "Asymmetry against the loss of agreement, over the steps of all joint prompts; intervals resample cells"
    return Table.of(caption, ["asymmetry", "rank correlation with the loss of Spearman", "n"], texts)


def _points(result: Result, measure: str, place: int) -> Iterator[Point]:
    start = _agreement(result, 0)
    for step in result.tested.steps:
        if step == 0:
            continue
        lengths, now = result.lengths[step], _agreement(result, step)
        losses = {name: _loss(start[name], now[name]) for name in now}
        found = getattr(lengths, measure)
        if measure in OF_CRITERIA:
            pairs = [(found[name], losses[name]) for name in losses]
        else:
            pairs = [(found, mean_or_none(list(losses.values())))]
        yield from ((one, loss, place) for one, loss in pairs if one is not None and loss is not None)


def _agreement(result: Result, step: int) -> dict[str, float | None]:
    scores = result.scores(step)
    spearman = METRICS["spearman"]
    return {name: spearman(scores.judge[:, k], scores.human[:, k]) for k, name in enumerate(scores.names)}


def _loss(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else before - after


def _measure(run: Result, step: int, what: str) -> float | None:
    return getattr(run.lengths[step], what) if step in run.lengths else None
