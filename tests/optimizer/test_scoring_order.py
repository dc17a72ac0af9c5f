"""Rows of a document are judged one after the other, and the judgements come back in the rows' order."""

import dspy

from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import by_document, judge_rows
from programs.tasks.task import Task
from tests.fake import FakeEngine, fake_lm, rated_rows


def test_documents_stay_together_and_results_keep_their_places(task: Task) -> None:
    rows = rated_rows(task.criterion_names, 12, documents=4)
    engine = FakeEngine()
    with dspy.context(lm=fake_lm(engine)):
        found = judge_rows(Judge(task), rows, Pool(1))
        alone = [judge_rows(Judge(task), [row], Pool(1))[0] for row in rows]
    assert found == alone
    asked = [int(each.user.split("number ")[1].split()[0]) for each in engine.asked[:12]]
    assert asked == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]


def test_rows_without_documents_and_rows_in_order_stay_where_they_are() -> None:
    bare = [dspy.Example(row_id=str(place)) for place in range(4)]
    assert by_document(bare) == [0, 1, 2, 3]
    assert by_document([*bare, dspy.Example(document_id="a"), dspy.Example(document_id="a")]) == [0, 1, 2, 3, 4, 5]
    assert by_document([]) == []
