"""The experiment's prompts, asked for one at a time."""

from programs.records.budget import Budget
from programs.records.calls import CallLog
from programs.screen import Screen
from programs.settings import Settings
from programs.studies.interference.scorer import Scorer
from programs.tasks.task import Task
from tests.fake import rated_rows
from tests.studies.interference.planted import PlantedEngine


def test_of_runs_that_rotate_a_prompt_is_measured_in_one_order_and_counted_so(
    task: Task, engine: PlantedEngine
) -> None:
    rows, rubric = rated_rows(task.criterion_names, 5), dict.fromkeys(task.criterion_names, "Rate it.")

    def scorer(calls: CallLog) -> Scorer:
        return Scorer(task, {0: Settings(order="rotate", lm="fake")}, calls, Budget(), Screen(quiet=True))

    silent = CallLog()
    silent.known_only = True
    planned = scorer(silent)
    planned.scores(0, rubric, rows)
    assert planned.missing == len(rows) and not engine.asked
    scorer(CallLog()).scores(0, rubric, rows)
    assert len(engine.asked) == len(rows)
