"""GEPA (arXiv 2507.19457) over the rubric dict: one component a criterion, its text the criterion's output-field desc.

`dspy.GEPA` edits signatures' instructions only and so cannot see a rubric. What it wraps can: this is the same engine
(`gepa.optimize`) and the same proposer (`dspy.teleprompt.gepa.InstructionProposer`) with `dspy.GEPA`'s defaults, and
an adapter whose candidates are rubrics. The frontier is `hybrid`: the best on some row of choice, or on some criterion
(`objective_scores`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
import gepa
from dspy.teleprompt.gepa import InstructionProposer
from dspy.utils.exceptions import AdapterParseError
from gepa.core.adapter import EvaluationBatch, GEPAAdapter

from metrics.agreement import Agreement
from programs.backends.adapter import CompactAdapter
from programs.optimizer.peers.bench import Bench
from programs.optimizer.peers.sizes import MINIBATCH, WRITTEN_TWICE, Search
from signatures.records import Criterion, Judgement, Rubric

REPLAYS = 20
"""GEPA counts scorings that the bench knows already as well; a search without news ends at so many times its share."""


class Adapter(GEPAAdapter):
    """What GEPA asks of a program, answered for a judge whose candidates are its rubrics."""

    def __init__(self, bench: Bench, lm: dspy.LM) -> None:
        self.bench = bench
        self.lm = lm
        self.task = bench.judge.task
        self.unread = 0
        self.propose_new_texts = self.rewrite

    def evaluate(
        self, batch: list[dspy.Example], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch:
        """Agreement by row and by criterion. A row without a score gets 0 (see `Tried`)."""
        judgements = self.bench.judged(candidate, batch)
        results = [self.bench.compared(row, each) for row, each in zip(batch, judgements, strict=True)]
        return EvaluationBatch(
            outputs=[dict(each.scores) for each in judgements],
            scores=[float(each.score) for each in results],
            objective_scores=[each.objective_scores for each in results],
            trajectories=list(zip(batch, judgements, strict=True)) if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: EvaluationBatch, components_to_update: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """For each criterion to rewrite: the texts, the judge's scores on it, and their comparison with the raters."""
        criteria = self.task.select(tuple(components_to_update))
        return {each.name: [self._case(each, *pair) for pair in eval_batch.trajectories or ()] for each in criteria}

    def rewrite(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """New rubrics by DSPy's own proposer; a reply that cannot be read leaves its rubric, and is counted."""
        found: dict[str, str] = {}
        for criterion in self.task.select(tuple(components_to_update)):
            proposer = InstructionProposer(
                additional_instructions=boundaries(criterion), adapter=CompactAdapter(self.bench.judge.schema)
            )
            try:
                with dspy.context(lm=self.lm):
                    found |= proposer(candidate, reflective_dataset, [criterion.name])
            except (AdapterParseError, ValueError):
                self.unread += 1
                found[criterion.name] = candidate[criterion.name]
        return found

    def _case(self, criterion: Criterion, row: dspy.Example, judgement: Judgement) -> dict[str, Any]:
        compared: Any = Agreement((criterion,))(row, judgement.scores)
        return {
            "Inputs": {name: row[name] for name in self.task.input_names},
            "Generated Outputs": {criterion.name: judgement.scores.get(criterion.name)},
            "Feedback": compared.feedback,
        }


def boundaries(criterion: Criterion) -> str:
    """What a proposal must keep to: the textual-gradient rewrite is told the same."""
    return (
        f"The instruction is the rubric for one criterion, {criterion.title}, which a judge scores from "
        f"{criterion.low} to {criterion.high}. Write for any text, about this criterion only; keep the scale, and say "
        "nothing of reply formats."
    )


def reflect(
    bench: Bench, lm: dspy.LM, trainset: Sequence[dspy.Example], search: Search, seed: int
) -> tuple[Rubric, dict[str, int]]:
    """GEPA's best rubric by mean agreement on the rows of choice, and what is to be reported of the search."""
    adapter = Adapter(bench, lm)

    def over(gepa_state: object) -> bool:
        left, needed = bench.left, search.options["needed"]
        return bench.trouble is not None or left["judge"] < needed or left["rewrite"] < WRITTEN_TWICE

    result: Any = gepa.optimize(
        seed_candidate=dict(bench.judge.rubric),
        trainset=list(trainset),
        valset=bench.rows,
        adapter=adapter,
        frontier_type="hybrid",
        reflection_minibatch_size=min(MINIBATCH, len(trainset)),
        perfect_score=1.0,
        use_merge=True,
        stop_callbacks=over,
        max_metric_calls=REPLAYS * sum(search.shares.values()),
        logger=_Silent(),
        seed=seed,
        raise_on_exception=True,
    )
    return result.best_candidate, {"unread_proposals": adapter.unread}


class _Silent:
    def log(self, message: str) -> None: ...
