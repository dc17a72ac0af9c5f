"""Bare `--judge clusters`: before a run begins, who shares a call is measured on its own validation rows.

By their initial rubrics, on the rows of the gate: test rows choose nothing. Few rows show only large harm, and what is
not shown stays together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import dspy

from metrics.clustering import cluster
from metrics.interference import effect_cells, pair_effects, side_by_side
from metrics.metric import METRICS
from metrics.scores import Scores
from programs.optimizer.fan_out import Pool
from programs.optimizer.heads import NAMED
from programs.optimizer.judge import Judge
from programs.optimizer.measured_clusters import cluster_words
from programs.optimizer.methods import initial_judge, teleprompter
from programs.optimizer.pairing import prompts
from programs.optimizer.scoring import judge_rows, refuse_silence, scores_of
from programs.settings import Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.records import Group


@dataclass(frozen=True)
class Clusters:
    """The groups that were found, and what `summary.json` holds of how."""

    groups: tuple[Group, ...]
    record: dict[str, Any]

    def settings(self, settings: Settings) -> Settings:
        """Those of a run whose judge has these groups."""
        return replace(settings, judge=NAMED + cluster_words(self.groups))


def unmeasured(names: Group) -> Clusters:
    """Where the run was stopped before all pairs were judged: no harm is known of."""
    return Clusters((names,), {"groups": [list(names)], "effects": None})


def measured(settings: Settings, task: Task, splits: Splits, pool: Pool) -> Clusters:
    """The groups of the initial judge, asked in its own form, by the gate's metric: those between which none is hurt
    beyond noise (`metrics.clustering`).

    Called as the judge plays its role. Raises LMError where no reply to the first prompt holds a score.
    """
    optimizer, judge = teleprompter(settings), initial_judge(settings, task, splits)
    rows, _ = optimizer.validation(splits.validation)
    found = {group: _asked(judge, group, rows, pool) for group in prompts(task.criterion_names)}
    alone = side_by_side({name: found[name,] for name in task.criterion_names})
    together = {frozenset(group): scores for group, scores in found.items() if len(group) > 1}
    effects = effect_cells(pair_effects(alone, together), METRICS[optimizer.metric], seed=settings.seed)
    groups = cluster(task.criterion_names, effects)
    told = {"groups": [list(group) for group in groups], "rows": len(rows), "metric": optimizer.metric}
    return Clusters(groups, {**told, "effects": effects})


def _asked(judge: Judge, group: Group, rows: Sequence[dspy.Example], pool: Pool) -> Scores:
    one = Judge(judge.task, [group], judge.rubric, **judge.form, anchors=judge.anchors)
    judgements = judge_rows(one, rows, pool)
    if group == judge.task.criterion_names[:1]:
        refuse_silence(judgements)  # before the others are asked of a backend that says nothing
    return scores_of(one, rows, judgements)
