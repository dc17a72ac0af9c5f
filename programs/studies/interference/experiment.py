"""The oracle experiment (PAPER): do the best single rubrics still work where they are joined in one prompt?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import dspy

from metrics.scores import Scores
from programs.optimizer.teleprompter import TextualGradient
from programs.studies.interference.checkpoints import Checkpoint, Chosen, Value, choose
from programs.studies.interference.scorer import Scorer
from signatures.records import Group, Rubric


@dataclass(frozen=True)
class Design:
    """How rubrics are selected ("validation" or "test") and by which metric, and whether every pair is measured."""

    selection: str = "validation"
    metric: str = "spearman"
    pairs: bool = True


@dataclass(frozen=True)
class Experiment:
    """One task and gate. `offered` are the rubrics by criterion, `validation` each seed's rows: the gate's, then all.

    `rows` are untouched by every run; `seed`, that of the first run, samples the judge on them in every arm alike.
    """

    task: str
    mode: str
    gate: str
    offered: Mapping[str, Sequence[Checkpoint]]
    initial: Rubric
    validation: Mapping[int, tuple[Sequence[dspy.Example], Sequence[dspy.Example]]]
    rows: Sequence[dspy.Example]
    untouched: int
    seed: int

    def select(self, scorer: Scorer, design: Design) -> dict[str, Chosen]:
        """The best rubric of each criterion.

        By "validation": of each run's own validation rows, first those that its gate has paid for, then, among the
        three best, all. By "test": the paper's way, on the very rows that are reported, so biased upward.
        """

        def on_rows(one: Checkpoint) -> Scores:
            return scorer.scores(self.seed, {one.criterion: one.text}, self.rows)

        def on_validation(place: int) -> Value:
            return lambda one: scorer.scores(one.seed, {one.criterion: one.text}, self.validation[one.seed][place])

        stages = (on_rows,) if design.selection == "test" else (on_validation(0), on_validation(1))
        return {name: choose(offered, design.metric, *stages) for name, offered in self.offered.items()}

    def prompts(self, selected: Rubric, design: Design) -> "Prompts":
        """Every prompt whose scores the experiment needs."""
        names = tuple(selected)
        return Prompts(
            initial=self.initial,
            initial_alone={name: {name: self.initial[name]} for name in names},
            alone={name: {name: selected[name]} for name in names},
            joined=selected,
            among_short={name: {**self.initial, name: selected[name]} for name in names},
            pairs={pair: {name: selected[name] for name in pair} for pair in combinations(names, 2) if design.pairs},
        )


@dataclass(frozen=True)
class Prompts:
    """The initial rubrics joined and each alone; the selected ones each alone, joined, each among the others' initial
    rubrics, and every two of them."""

    initial: Rubric
    initial_alone: Mapping[str, Rubric]
    alone: Mapping[str, Rubric]
    joined: Rubric
    among_short: Mapping[str, Rubric]
    pairs: Mapping[Group, Rubric]

    @property
    def unselected(self) -> list[Rubric]:
        """Those that hold no selected rubric."""
        return [self.initial, *self.initial_alone.values()]

    @property
    def of_selected(self) -> list[Rubric]:
        """Those that do; some are alike where an initial rubric was selected."""
        return [self.joined, *self.alone.values(), *self.among_short.values(), *self.pairs.values()]


def gated_rows(optimizer: TextualGradient, rows: Sequence[dspy.Example]) -> Sequence[dspy.Example]:
    """The validation rows on which a run has scored every rewrite; all of them where it gated nothing."""
    return optimizer.validation(rows)[0] or rows
