"""From the experiment's scores to its numbers: all that tables and figures need, and no text of the data."""

from collections.abc import Mapping
from typing import Any

from metrics.interference import PairEffects, effect_cells, length_slope, pair_effects, side_by_side
from metrics.length import Lengths
from metrics.metric import METRICS
from metrics.multiplicity import discoveries
from metrics.over_runs import mean_or_none
from metrics.scores import Scores, clusters
from metrics.summary import difference, summarize
from programs.optimizer.scoring import silence
from programs.studies.interference.checkpoints import Chosen
from programs.studies.interference.experiment import Design, Experiment, Prompts
from programs.studies.interference.scorer import Scorer
from signatures.records import Rubric

DIFFERENCES = {
    "joined_minus_alone": ("alone", "joined"),
    "joined_minus_initial": ("initial", "joined"),
    "alone_minus_initial": ("initial", "alone"),
    "initial_minus_initial_alone": ("initial_alone", "initial"),
    "joined_minus_among_short": ("among_short", "joined"),
}
"""Name -> (before, after): what joining costs, what it leaves of the gain, what there was to gain, what joining costs
without any optimization (so that what is left is due to the rubrics), and what the others' rubrics cost by being the
selected ones instead of the initial ones, the own rubric being the same."""


def measure(experiment: Experiment, design: Design, scorer: Scorer) -> dict[str, Any]:
    """Selects, scores every prompt and compares. Raises `dspy.LMError` where the LM fails or never gives a score."""
    chosen = experiment.select(scorer, design)
    selected, metric = texts(chosen), design.metric
    prompts = experiment.prompts(selected, design)
    arms = _arms(experiment, prompts, scorer)
    found = pair_effects(arms["alone"], _pairs(experiment, prompts, scorer)) if design.pairs else None
    seed = experiment.seed
    return {
        "task": experiment.task,
        "mode": experiment.mode,
        "gate": experiment.gate,
        "selection": design.selection,
        "metric": metric,
        "seeds": sorted(experiment.validation),
        "seed": seed,
        "rows": {
            "used": len(experiment.rows),
            "documents": None if arms["joined"].documents is None else clusters(arms["joined"])[1],
            "untouched": experiment.untouched,
        },
        "selected": _selected(chosen, experiment.initial),
        "optimism": _optimism(chosen, arms["alone"], metric),
        "arms": {name: summarize(scores, seed=seed) for name, scores in arms.items()},
        "differences": {
            name: difference(arms[before], arms[after], seed=seed) for name, (before, after) in DIFFERENCES.items()
        },
        "pairs": None if found is None else _pair_record(found, metric, seed),
        "length": None if found is None else _length_record(found, selected, metric, seed),
    }


def texts(chosen: Mapping[str, Chosen]) -> Rubric:
    return {name: one.checkpoint.text for name, one in chosen.items()}


def _arms(experiment: Experiment, prompts: Prompts, scorer: Scorer) -> dict[str, Scores]:
    def ask(rubric: Rubric) -> Scores:
        return scorer.scores(experiment.seed, rubric, experiment.rows)

    initial = ask(prompts.initial)
    if not initial.scored.any():
        raise silence()
    return {
        "initial": initial,
        "initial_alone": side_by_side({name: ask(rubric) for name, rubric in prompts.initial_alone.items()}),
        "alone": side_by_side({name: ask(rubric) for name, rubric in prompts.alone.items()}),
        "joined": ask(prompts.joined),
        "among_short": side_by_side({name: ask(rubric) for name, rubric in prompts.among_short.items()}),
    }


def _pairs(experiment: Experiment, prompts: Prompts, scorer: Scorer) -> dict[frozenset[str], Scores]:
    asked = prompts.pairs.items()
    return {frozenset(pair): scorer.scores(experiment.seed, rubric, experiment.rows) for pair, rubric in asked}


def _selected(chosen: Mapping[str, Chosen], initial: Rubric) -> dict[str, dict[str, Any]]:
    """Where each rubric is from, by which value on how many rows, and its length against that of the others."""
    selected = Lengths.of(texts(chosen))
    before = Lengths.of(initial)
    return {
        name: {
            "seed": one.checkpoint.seed,
            "step": one.checkpoint.step,
            "value": one.value,
            "rows": one.rows,
            "among": one.among,
            "tokens": selected.tokens[name],
            "initial_tokens": before.tokens[name],
            "others_tokens": selected.others[name],
            "others_initial_tokens": before.others[name],
        }
        for name, one in chosen.items()
    }


def _optimism(chosen: Mapping[str, Chosen], alone: Scores, metric: str) -> float | None:
    """How much better the selected rubrics looked where they were selected, turned so that positive is optimism."""
    own = METRICS[metric]
    found = [own(alone.judge[:, place], alone.human[:, place]) for place in range(len(alone.names))]
    seen = [chosen[name].value for name in alone.names]
    gaps = [None if a is None or b is None else own.orientation * (a - b) for a, b in zip(seen, found, strict=True)]
    return mean_or_none(gaps)


def _pair_record(found: PairEffects, metric: str, seed: int) -> dict[str, Any]:
    """ "a|b" -> the change of agreement on a beside b, with p and, over all pairs, q; "mean" is over the pairs."""
    cells = effect_cells(found, METRICS[metric], seed=seed)
    names = found.alone.names
    qs = discoveries([cells[name]["p"] for name in names])
    return {"mean": cells["mean"], **{name: {**cells[name], "q": q} for name, q in zip(names, qs, strict=True)}}


def _length_record(found: PairEffects, selected: Rubric, metric: str, seed: int) -> dict[str, Any]:
    return dict(length_slope(found, Lengths.of(selected).tokens, METRICS[metric], seed=seed))
