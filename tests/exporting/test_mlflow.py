"""The exported judges in MLflow itself (skipped where mlflow is not installed: the extra `interop`)."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.optimizer.judge import Judge
from tests.exporting.answers import ROWS, UNSCORED, by_text
from tests.exporting.cases import ROWS as NASTY_ROWS
from tests.exporting.cases import exported, judge, loaded, sent
from tests.fake import FakeEngine, fake_lm
from tests.stub_server import StubServer, stub_server

pytestmark = [
    pytest.mark.skipif(find_spec("mlflow") is None or find_spec("openai") is None, reason="mlflow is not installed"),
    pytest.mark.filterwarnings("ignore"),  # third-party code
    pytest.mark.usefixtures("tidied"),
    pytest.mark.tools,
]


@pytest.fixture
def mlflow_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No telemetry, no key, and nothing written outside."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def module_of(made: Judge, server: StubServer) -> Any:
    """The exported file, its judges speaking to the server."""
    return loaded(exported("mlflow", made)[""], OPENAI_BASE_URL=server.url)


def judged(made: Judge, engine: FakeEngine, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    with dspy.context(lm=fake_lm(engine)):
        return [dict(made(**row).toDict()) for row in rows]


def values(feedbacks: list[Any]) -> dict[str, Any]:
    return {each.name: each.value for each in feedbacks}


@pytest.mark.parametrize("separate", [False, True])
def test_the_same_prompt_is_judgegrads_request_and_score(separate: bool, mlflow_here: None) -> None:
    made = judge(separate=separate)
    engine = FakeEngine(reply=lambda asked: '{"polite": 9}' if NASTY_ROWS[2]["reply"] in asked.user else None)
    with stub_server(engine) as server:
        module = module_of(made, server)
        found = [module.same_prompt(inputs={"message": row["message"]}, outputs=row["reply"]) for row in NASTY_ROWS]
        asked = list(server.bodies)
        assert asked == sent(made, NASTY_ROWS, server)
    assert [values(each) for each in found] == judged(made, engine, NASTY_ROWS)
    assert [each.error.error_code for each in found[2]] == ["UNSCORED", "UNSCORED"]


def test_make_judge_scores_alike_an_lm_that_looks_at_the_text_only(mlflow_here: None) -> None:
    made = judge(rubric='Say "{{ x }}" \\d {{inputs}} \\1.')
    with stub_server(by_text()) as server:
        module = module_of(made, server)
        found = [
            values([scorer(inputs={"message": row["message"]}, outputs=row["reply"]) for scorer in module.scorers])
            for row in ROWS
        ]
        bodies = list(server.bodies)
    assert found == judged(made, by_text(), ROWS)
    assert dict.fromkeys(found[0]) in found
    assert ROWS[found.index(dict.fromkeys(found[0]))]["reply"] == UNSCORED
    assert len(bodies) == 2 * len(ROWS)
    assert all('Say "{ { x }}" \\d { {inputs}} \\1.' in body["messages"][0]["content"] for body in bodies)
    assert {body["temperature"] for body in bodies} == {0.2}
    enums = [body["response_format"]["json_schema"]["schema"]["properties"]["result"]["enum"] for body in bodies]
    assert enums[:2] == [[1, 2, 3, 4, 5], [-1, 0, 1, 2]]


def test_judges_are_mlflows(mlflow_here: None) -> None:
    from mlflow.genai.judges import Judge as MlflowJudge

    with stub_server(by_text()) as server:
        module = module_of(judge(), server)
        assert list(module.judges) == ["polite", "severity"]
        assert all(isinstance(each, MlflowJudge) for each in module.judges.values())
        unguarded = module.judges["polite"](inputs={"message": "m"}, outputs=UNSCORED)
    assert unguarded.value == 99  # why the file has scorers of its own
