import json
import subprocess
import sys
from pathlib import Path

import dspy
import pytest

from programs.errors import UserError
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_rows, scores_of
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.fake import FakeEngine, fake_lm, rated_rows, rubric_in


def test_a_joint_judge_makes_one_call_and_a_separate_one_a_call_a_criterion(task: Task) -> None:
    engine = FakeEngine()
    with dspy.context(lm=fake_lm(engine)):
        Judge(task)(text="T")
        assert len(engine.asked) == 1
        Judge(task, groups("S", task.criterion_names))(text="T")
    assert len(engine.asked) == 5


def test_a_separate_head_never_sees_another_criterion(task: Task) -> None:
    engine = FakeEngine()
    with dspy.context(lm=fake_lm(engine)):
        Judge(task, groups("S", task.criterion_names))(text="T")
    for asked, name in zip(engine.asked, task.criterion_names, strict=True):
        others = set(task.criterion_names) - {name}
        assert name in asked.system
        assert not any(other in asked.system for other in others)


def test_a_prediction_has_a_level_per_criterion_and_none_where_unscored(task: Task) -> None:
    engine = FakeEngine(reply=lambda asked: '{"fluency": 3, "relevance": 9, "coherence": "high"}')
    with dspy.context(lm=fake_lm(engine)):
        prediction = Judge(task)(text="T")
    assert [prediction[name] for name in task.criterion_names] == [3, None, None, None]


@pytest.mark.parametrize("adapter", ["compact", "json", "chat"])
def test_every_adapter_makes_one_call_a_reply_whether_it_parses_or_not(task: Task, adapter: str) -> None:
    engine = FakeEngine(reply=lambda asked: "I had rather not.")
    with dspy.context(lm=fake_lm(engine)):
        prediction = Judge(task, adapter=adapter)(text="T")
    assert len(engine.asked) == 1
    assert set(prediction.toDict().values()) == {None}


@pytest.mark.parametrize("adapter", ["compact", "json"])
@pytest.mark.parametrize("said", [9, 0, 2.5, True, "four", None, [3]])
def test_what_is_no_level_of_the_scale_is_unscored_beside_valid_scores(task: Task, adapter: str, said: object) -> None:
    engine = FakeEngine(reply=lambda asked: json.dumps({"fluency": said, "relevance": "4"}))
    with dspy.context(lm=fake_lm(engine)):
        prediction = Judge(task, adapter=adapter)(text="T")
    assert prediction.toDict() == {"fluency": None, "relevance": 4, "coherence": None, "consistency": None}


@pytest.mark.parametrize("adapter", ["compact", "json", "chat"])
def test_every_adapter_shows_the_rubrics_and_reads_the_scores(task: Task, adapter: str) -> None:
    def score(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
        assert "the text itself" in user
        return levels[-1] if rubric_in(system, name) == f"how to score {name}" else levels[0]

    judge = Judge(task, rubric={"fluency": "how to score fluency"}, adapter=adapter)
    with dspy.context(lm=fake_lm(FakeEngine(score))):
        prediction = judge(text="the text itself")
    assert prediction.toDict() == {name: 5 if name == "fluency" else 1 for name in task.criterion_names}


def test_a_text_beyond_the_context_window_is_unscored(task: Task) -> None:
    class Short(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            raise dspy.lm15.ContextLengthError("too long")

    with dspy.context(lm=fake_lm(Short(), num_retries=0)):
        assert set(Judge(task)(text="T").toDict().values()) == {None}


def test_new_rubrics_make_a_new_judge_and_leave_the_old_one(task: Task) -> None:
    judge = Judge(task)
    other = judge.with_rubric({"fluency": "new\nin two lines"})
    assert judge.rubric["fluency"] == "Rate from 1 to 5."
    assert other.rubric == {**judge.rubric, "fluency": "new\nin two lines"}
    assert other.with_groups(groups("S", task.criterion_names)).rubric == other.rubric


def test_judgements_come_in_the_order_of_the_rows_head_by_head(task: Task) -> None:
    engine, rows = FakeEngine(), rated_rows(task.criterion_names, 5)
    judge = Judge(task, groups("S", task.criterion_names))
    with dspy.context(lm=fake_lm(engine)):
        judgements = judge_rows(judge, rows, Pool(1))
        alone = [judge(text=row["text"]).toDict() for row in rows]
    assert [judgement.row for judgement in judgements] == [row["row_id"] for row in rows]
    assert [dict(judgement.scores) for judgement in judgements] == alone
    heads = [next(name for name in task.criterion_names if name in asked.system) for asked in engine.asked[:20]]
    assert heads == [name for name in task.criterion_names for _ in rows]


def test_scores_keep_unscored_apart_and_rows_of_a_document_together(task: Task) -> None:
    rows = rated_rows(task.criterion_names, 6, documents=2)
    engine = FakeEngine(reply=lambda asked: '{"fluency": 3}')
    with dspy.context(lm=fake_lm(engine)):
        judge = Judge(task)
        scores = scores_of(judge, rows, judge_rows(judge, rows, Pool(2)))
    assert scores.coverage()["fluency"] == {"rows": 6, "scored": 6, "unscored": 0}
    assert scores.coverage()["relevance"] == {"rows": 6, "scored": 0, "unscored": 6}
    assert scores.documents is not None
    assert scores.documents.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_saved_judge_gives_the_same_prompts_in_a_fresh_process(task: Task, tmp_path: Path) -> None:
    judge = Judge(task, groups("S", task.criterion_names), {"fluency": "Zähle\nFehler."})
    save_judge(judge, tmp_path / "judge.json")
    code = (
        "import sys, json; from programs.optimizer.saved import load_judge; judge = load_judge(sys.argv[1]);"
        "print(json.dumps([judge.rubric, judge.groups, judge.lm if hasattr(judge, 'lm') else None]))"
    )
    printed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    rubric, heads, _ = json.loads(printed.stdout)
    assert rubric == judge.rubric
    assert tuple(map(tuple, heads)) == judge.groups


def test_dspys_own_load_reads_our_file(task: Task, tmp_path: Path) -> None:
    save_judge(Judge(task, rubric={"fluency": "Count."}), tmp_path / "judge.json")
    judge = Judge(task)
    judge.load(str(tmp_path / "judge.json"))
    assert judge.rubric["fluency"] == "Count."


def test_another_tasks_judge_is_refused(task: Task, tmp_path: Path) -> None:
    save_judge(Judge(task), tmp_path / "judge.json")
    other = Task("other", "Judge.", (Input("text", "Text"),), (Criterion("anger", 0, 3),))
    with pytest.raises(UserError, match="give a judge of this task"):
        load_judge(tmp_path, other)
    same_names = Task("scaled", "Judge.", task.inputs, tuple(Criterion(name, 1, 7) for name in task.criterion_names))
    with pytest.raises(UserError, match="fluency:1-7"):
        load_judge(tmp_path / "judge.json", same_names)


def damage(state: dict, how: str) -> object:
    own = state["judgegrad"]
    if how == "no key":
        del state["judgegrad"]
    elif how == "format":
        own["format"] = 99
    elif how == "groups":
        own["groups"] = [["fluency"]]
    elif how == "head":
        del state["heads[0]"]
    elif how == "fields":
        state["heads[0]"]["signature"]["fields"].pop()
    elif how == "lm":
        state["heads[0]"]["lm"] = {"model": "openai/x", "api_base": "http://evil"}
    elif how == "task":
        own["task"]["criteria"][0]["scale"] = "wide"
    elif how == "schema":
        own["schema"] = "x"
    elif how == "demo":
        state["heads[0]"]["demos"] = [{"text": "no scores"}]
    elif how == "list":
        return [state]
    return state


@pytest.mark.parametrize(
    "how", ["no key", "format", "groups", "head", "fields", "lm", "task", "schema", "demo", "list"]
)
def test_a_file_that_is_no_judge_is_refused_in_one_line(task: Task, tmp_path: Path, how: str) -> None:
    path = tmp_path / "judge.json"
    save_judge(Judge(task), path)
    path.write_text(json.dumps(damage(json.loads(path.read_text()), how)))
    with pytest.raises(UserError) as raised:
        load_judge(path)
    assert "\n" not in str(raised.value)
    assert "judge.json" in str(raised.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_judge(tmp_path / "nowhere")
    (tmp_path / "judge.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        load_judge(tmp_path)
