"""The peers' parts: what GEPA is shown, what a program changes, and that silence ends."""

import sys
import threading
import warnings

import dspy

from programs.backends.adapter import CompactAdapter
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.peers.bench import Bench
from programs.optimizer.peers.gepa import Adapter
from programs.optimizer.peers.program import RubricProgram
from programs.optimizer.peers.proposals import proposal_lm
from programs.optimizer.peers.quiet import quiet
from programs.tasks.task import Task
from tests.fake import FakeEngine, fake_lm, rated_rows


def bench_of(task: Task, engine: FakeEngine, calls: int = 500) -> Bench:
    rows = rated_rows(task.criterion_names, 8)
    with dspy.context(lm=fake_lm(engine)):
        return Bench(Judge(task), rows[:5], rows[5:], Roles.of({}), Pool(), {"judge": calls, "rewrite": calls})


def test_gepa_sees_one_objective_and_one_component_a_criterion(task: Task) -> None:
    engine = FakeEngine(score=lambda name, *_: None if name == "coherence" else 3)
    bench = bench_of(task, engine)
    adapter = Adapter(bench, proposal_lm(bench, bench._roles.lms["rewrite"]))
    found = adapter.evaluate(bench.rows, bench.judge.rubric, capture_traces=True)
    assert all(set(each) == {"fluency", "relevance", "consistency"} for each in found.objective_scores or [{}])
    cases = adapter.make_reflective_dataset(bench.judge.rubric, found, ["fluency", "coherence"])
    assert set(cases) == {"fluency", "coherence"}
    assert cases["fluency"][0]["Generated Outputs"] == {"fluency": 3}
    assert "relevance" not in str(cases["fluency"])
    assert all("not scored" in case["Feedback"] for case in cases["coherence"])
    assert bench.tried[0].unscored == len(bench.rows)
    proposed = adapter.rewrite(bench.judge.rubric, cases, ["fluency"])
    assert set(proposed) == {"fluency"}
    assert "which a judge scores from 1 to 5" in engine.of("rewrite")[0].user


def test_a_programs_instructions_are_the_judges_rubrics(task: Task) -> None:
    engine = FakeEngine()
    bench = bench_of(task, engine)
    program = RubricProgram(bench)
    assert program.rubric == bench.judge.rubric
    copy = program.deepcopy()
    assert copy.bench is bench
    predictor = copy.predictors()[1]
    predictor.signature = predictor.signature.with_instructions("Is it to the point?")
    scores = copy(text=bench.rows[0]["text"])
    assert set(scores.keys()) == set(task.criterion_names)
    assert len(engine.asked) == len(bench.rows)  # one call a row, for all criteria, all rows of choice at once
    assert all("relevance (1-5): Is it to the point?" in asked.system for asked in engine.asked)
    assert all("fluency (1-5): Rate from 1 to 5." in asked.system for asked in engine.asked)
    assert program.rubric == bench.judge.rubric
    assert "The rubric for" not in engine.asked[0].system


def test_the_same_question_is_drawn_anew(task: Task) -> None:
    engine = FakeEngine()
    bench = bench_of(task, engine)
    lm = proposal_lm(bench, bench._roles.lms["rewrite"])
    with dspy.context(lm=lm, adapter=CompactAdapter()):
        dspy.Predict("question -> answer", n=3)(question="How?")
    assert len(engine.asked) == 3
    assert len({asked.request.config.seed for asked in engine.asked}) == 3
    assert {asked.request.config.temperature for asked in engine.asked} == {0.7}


def test_the_first_trouble_is_raised_again_and_nothing_more_is_sent(task: Task) -> None:
    engine = FakeEngine()
    bench = bench_of(task, engine, calls=6)
    bench.judged(bench.judge.rubric, bench.rows)
    for rubric in ("one", "two"):
        try:
            bench.judged(dict.fromkeys(task.criterion_names, rubric), bench.rows)
        except dspy.LMError as error:
            assert error is bench.trouble
    assert len(engine.asked) == 5


def test_silence_ends_with_the_last_thread() -> None:
    streams, filters = (sys.stdout, sys.stderr), list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with quiet():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    with quiet():
        thread.start()
        assert inside.wait(5)
        warnings.warn("nobody hears this", stacklevel=1)
    assert (sys.stdout, sys.stderr) != streams  # the other one is still inside
    leave.set()
    thread.join()
    assert (sys.stdout, sys.stderr) == streams
    assert list(warnings.filters) == filters
