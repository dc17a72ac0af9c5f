"""MIPROv2 (arXiv 2406.11695) and COPRO (DSPy's successor of OPRO's idea): they change instructions, and nothing else.

The fairest that they can be given is a program whose instructions are the rubrics (`RubricProgram`): one predictor a
criterion, so that a candidate for one criterion can be combined with any for the others, scored in the same joint
prompt that every other optimizer's judge has. The directive and the scale stay, as for the textual gradient.
MIPROv2 runs without few-shot demos, since no other optimizer here may use any; COPRO's proposed output prefixes have
no effect on the judge's prompt, which holds none (nor has any of DSPy 3.4's).
"""

from collections.abc import Sequence
from importlib.util import find_spec

import dspy
from dspy.teleprompt import COPRO, MIPROv2

from metrics.agreement import Agreement
from programs.errors import UserError
from programs.optimizer.peers.bench import Bench
from programs.optimizer.peers.program import RubricProgram
from programs.optimizer.peers.sizes import Search
from signatures.records import Rubric

GOAL = 0.75
"""Agreement from which MIPROv2 shows its proposer the judge's scores of a training row as an example."""


def mipro(
    bench: Bench, lm: dspy.LM, trainset: Sequence[dspy.Example], search: Search, seed: int
) -> tuple[Rubric, dict[str, int]]:
    """MIPROv2's best rubric: every trial is scored on all rows of choice."""
    require_optuna()
    optimizer = MIPROv2(
        metric=Agreement(bench.judge.task.criteria, goal=GOAL),
        prompt_model=lm,
        task_model=lm,  # never called: the program speaks to the judge's own LM
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        auto=None,
        num_candidates=search.options["num_candidates"],
        num_threads=1,
        max_errors=1,
        seed=seed,
        init_temperature=lm.kwargs.get("temperature", 1.0),
        track_stats=False,
    )
    best = optimizer.compile(
        RubricProgram(bench),
        trainset=[bare(bench, row) for row in trainset[: search.options["train_rows"]]],
        valset=[bare(bench, row) for row in bench.rows],
        num_trials=search.options["num_trials"],
        minibatch=False,
        program_aware_proposer=bool(search.options["aware"]),
    )
    return best.rubric, {}


def copro(
    bench: Bench, lm: dspy.LM, trainset: Sequence[dspy.Example], search: Search, seed: int
) -> tuple[Rubric, dict[str, int]]:
    """COPRO's best rubric. Its only rows are those that it chooses by, so it gets the rows of choice, no training."""
    optimizer = COPRO(
        prompt_model=lm,
        metric=bench.metric,
        breadth=search.options["breadth"],
        depth=search.options["depth"],
        init_temperature=lm.kwargs.get("temperature", 1.0),
    )
    rows = [bare(bench, row) for row in bench.rows]
    best = optimizer.compile(RubricProgram(bench), trainset=rows, eval_kwargs={"num_threads": 1})
    return best.rubric, {}


def bare(bench: Bench, row: dspy.Example) -> dspy.Example:
    """A row's inputs and ratings: proposers print whole rows, and ids are none of their business."""
    task = bench.judge.task
    names = (*task.input_names, *task.criterion_names)
    return dspy.Example(**{name: row[name] for name in names}).with_inputs(*task.input_names)


def require_optuna() -> None:
    """Raises UserError where what MIPROv2 needs is not installed."""
    if find_spec("optuna") is None:
        raise UserError("--optimizer miprov2 needs optuna, which is not installed: pip install -e '.[peers]'")
