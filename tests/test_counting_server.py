"""The server of the long benchmarks counts what it is asked, by stage."""

import dspy

from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.optimizer.stages import Batch, Stages
from programs.tasks.task import Task
from tests.benchmarks.counting_server import counting_server
from tests.fake import rated_rows


def test_it_answers_every_stage_and_counts_it(task: Task) -> None:
    rows, joint = rated_rows(task.criterion_names, 2), [task.criterion_names]
    with counting_server() as server:
        lm = dspy.LM("openai/stub", api_base=server.url, api_key="none", cache=False)
        with dspy.context(lm=lm):
            judge, roles = Judge(task), Roles.of({})
            stages = Stages.of(roles, Pool(2))
            batch = Batch(rows, judge_rows(judge, rows, Pool(2)))
            gradients = stages.gradient(judge, batch, stages.loss(judge, batch, joint), joint)
            assert set(stages.rewrite(judge, batch, gradients, joint)) == set(task.criterion_names)
    assert server.counts == {"judge": 2, "loss": 2, "gradient": 2, "rewrite": 1}
