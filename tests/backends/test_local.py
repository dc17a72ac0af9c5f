"""The local engine: loads once and late, serves many threads, and never holds up Ctrl-C."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest
from dspy.lm15 import Config, InvalidRequestError, Message, NotConfiguredError, Request

from programs.backends import interruptible, local
from programs.backends.adapter import CompactAdapter
from programs.backends.forced import blanks_of
from programs.backends.interruptible import interrupt
from programs.backends.local import LocalEngine, Runtime
from programs.errors import UserError
from tests.backends.llama import FakeLlama, chunk, reply

HERE = Path(__file__).parent


def ask(text: str = "hello", **options: Any) -> Request:
    return Request(model="local/m", messages=(Message.user(text),), config=Config(**options))


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch) -> FakeLlama:
    fake = FakeLlama()
    monkeypatch.setitem(sys.modules, "xllamacpp", fake)  # type: ignore[arg-type]
    monkeypatch.setattr(local, "_servers", {})
    return fake


def test_the_model_is_loaded_by_the_first_call_and_only_once(llama: FakeLlama, tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path / "m.gguf")
    assert not llama.loaded
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(engine.complete, [ask()] * 8))
    assert {answer.text for answer in answers} == {"fine"}
    assert len(llama.loaded) == 1
    assert llama.loaded[0].model.path == str(tmp_path / "m.gguf")


def test_engines_of_one_file_and_runtime_share_the_loaded_model(llama: FakeLlama, tmp_path: Path) -> None:
    LocalEngine(tmp_path / "m.gguf").complete(ask())
    LocalEngine(tmp_path / "m.gguf").complete(ask())
    LocalEngine(tmp_path / "m.gguf", Runtime(slots=2)).complete(ask())
    assert len(llama.loaded) == 2


def test_no_more_calls_are_under_way_than_there_are_slots(llama: FakeLlama, tmp_path: Path) -> None:
    met = threading.Barrier(2, timeout=10)

    def answer(body: dict[str, Any]) -> list[dict[str, Any]]:
        met.wait()
        return reply("fine")

    llama.answer = answer
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(LocalEngine(tmp_path / "m.gguf", Runtime(slots=2)).complete, [ask()] * 6))
    assert llama.most_at_once == 2


@pytest.mark.parametrize("prose", [True, False])
def test_only_an_engine_for_prose_is_kept_from_repeating_itself(llama: FakeLlama, tmp_path: Path, prose: bool) -> None:
    LocalEngine(tmp_path / "m.gguf", prose=prose).complete(ask())
    assert ("dry_multiplier" in llama.bodies[-1]) is prose


def test_every_slot_holds_the_whole_context_of_a_call(llama: FakeLlama, tmp_path: Path) -> None:
    LocalEngine(tmp_path / "m.gguf", Runtime(slots=3, context=1000)).load()
    (parameters,) = llama.loaded
    assert (parameters.n_parallel, parameters.n_ctx) == (3, 3000)
    assert parameters.verbosity == 0
    assert len(parameters.api_keys[0]) >= 32  # the port that llama.cpp opens is closed to others


def test_a_malformed_request_is_an_invalid_request(llama: FakeLlama, tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> list[dict[str, Any]]:
        raise ValueError("Expected 'messages' to be an array")

    llama.answer = answer
    with pytest.raises(InvalidRequestError, match="Expected 'messages'"):
        LocalEngine(tmp_path / "m.gguf").complete(ask())


def test_a_missing_runtime_is_named_by_load_and_by_the_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    engine = LocalEngine(tmp_path / "m.gguf")
    with pytest.raises(UserError, match="pip install"):
        engine.load()
    with pytest.raises(NotConfiguredError, match="pip install"):
        engine.complete(ask())


def test_a_file_that_llama_cannot_load_is_named(
    llama: FakeLlama, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(parameters: Any) -> None:
        raise RuntimeError("Failed to init server")

    monkeypatch.setattr(llama, "Server", refuse)
    with pytest.raises(UserError, match=r"m\.gguf: llama\.cpp cannot load this model"):
        LocalEngine(tmp_path / "m.gguf").load()


def test_an_interrupt_ends_calls_in_flight_and_waiting_ones_but_no_later_one(llama: FakeLlama, tmp_path: Path) -> None:
    endless = threading.Event()

    def answer(body: dict[str, Any]) -> Iterator[dict[str, Any]]:  # type: ignore[misc]
        endless.set()
        while True:
            yield chunk("la ")

    llama.answer = answer  # type: ignore[assignment]
    engine = LocalEngine(tmp_path / "m.gguf", Runtime(slots=1))
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(engine.complete, ask()) for _ in range(3)]
        endless.wait()
        while len(interruptible._calls) < 3:
            threading.Event().wait(0.001)
        interrupt()
        calls.append(pool.submit(engine.complete, ask()))  # as a pool's thread takes the next item
        assert all(isinstance(call.exception(timeout=10), KeyboardInterrupt) for call in calls)
    llama.answer = lambda body: reply("fine")
    assert engine.complete(ask()).text == "fine"


ENDLESS = """
import os, signal, sys, threading, traceback
from pathlib import Path
from dspy.lm15 import Message, Request
from programs.backends.local import LocalEngine
from programs.optimizer.fan_out import fan_out
from tests.backends.llama import FakeLlama, chunk

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
replying = threading.Event()

def answer(body):
    replying.set()
    while True:
        yield chunk("la ")

def press_ctrl_c_when_main_waits_for_replies():
    replying.wait()
    main = threading.main_thread().ident
    while not any(frame.name in ("wait", "result") and frame.filename.endswith("futures/_base.py")
                  for frame in traceback.extract_stack(sys._current_frames()[main])):
        pass
    threading.Event().wait(0.05)  # Python may miss a signal between looking for one and falling asleep
    os.kill(os.getpid(), signal.SIGINT)

sys.modules["xllamacpp"] = FakeLlama(answer)
engine = LocalEngine(Path("m.gguf"))
request = Request(model="local/m", messages=(Message.user("hello"),))
threading.Thread(target=press_ctrl_c_when_main_waits_for_replies, daemon=True).start()
if sys.argv[1] == "threads":
    fan_out(engine.complete, [request] * 9)
else:
    engine.complete(request)
"""


@pytest.mark.parametrize("caller", ["threads", "main"])
def test_ctrl_c_ends_a_process_whose_replies_would_never_end(caller: str) -> None:
    root = HERE.parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", ENDLESS, caller]
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=30, check=False)
    assert ended.returncode != 0
    assert ended.stderr.rstrip().endswith(b"KeyboardInterrupt")


def test_an_engine_can_be_saved_and_loaded(tmp_path: Path) -> None:
    saved = LocalEngine(tmp_path / "m.gguf", Runtime(slots=2)).dump_state()
    again = LocalEngine.load_state(saved)
    assert (again.path, again.runtime) == (tmp_path / "m.gguf", Runtime(slots=2))
    assert LocalEngine.load_state(LocalEngine().dump_state()).path is None


def test_dspy_learns_from_the_engine_what_it_can_do() -> None:
    lm = dspy.LM("local/m", engine=LocalEngine())
    assert lm.supports_response_schema
    assert {"response_format", "logprobs", "top_logprobs", "temperature", "max_tokens", "seed"} <= lm.supported_params
    assert not lm.supports_function_calling


class Emotions(dspy.Signature):
    """Judge the text by each criterion."""

    text: str = dspy.InputField()
    joy: Literal[0, 1, 2, 3] = dspy.OutputField(desc="Rate joy intensity from 0 (none) to 3 (most intense).")
    anger: Literal[0, 1, 2, 3] = dspy.OutputField(desc="Rate anger intensity from 0 (none) to 3 (most intense).")


@pytest.mark.local
class TestRealModel:
    """With the embedded model itself. Loaded once for the whole class."""

    @pytest.fixture
    def lm(self) -> dspy.LM:
        return dspy.LM("local/embedded", engine=LocalEngine(), cache=False, temperature=0.0, max_tokens=40)

    def judge(self, lm: dspy.LM, text: str, **options: Any) -> dspy.Prediction:
        with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
            return dspy.Predict(Emotions)(text=text, config=options)

    def test_it_judges_within_the_scale_with_logprobs_of_its_own_tokens(self, lm: dspy.LM) -> None:
        seen = self.judge(lm, "What a wonderful day, I could hug everyone!", logprobs=True, top_logprobs=5)
        assert seen["joy"] in (1, 2, 3)
        assert seen["anger"] == 0
        tokens = seen["logprobs"]["content"]
        text = "".join(token["token"] for token in tokens)
        assert json.loads(text) == {"joy": seen["joy"], "anger": seen["anger"]}
        assert re.sub(r"(?<=\S) (?=\S)", "", text) == f'{{"joy":{seen["joy"]},"anger":{seen["anger"]}}}'  # one line
        digit = next(token for token in tokens if token["token"] == str(seen["joy"]))
        assert digit["logprob"] == max(other["logprob"] for other in digit["top_logprobs"])
        assert {other["token"] for other in digit["top_logprobs"]} >= {"0", "1", "2", "3"}

    def test_given_text_changes_no_score_and_saves_generated_tokens(
        self, lm: dspy.LM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = ["I won!", "He lied to me again.", "My cat died."]
        calls: list[Request] = []
        complete = lm.engine.complete
        monkeypatch.setattr(lm.engine, "complete", lambda request: calls.append(request) or complete(request))
        with dspy.context(lm=lm, adapter=CompactAdapter()):
            given = [dict(dspy.Predict(Emotions)(text=text)) for text in texts]
        assert all(len(blanks_of(request)) == 2 for request in calls)
        monkeypatch.setattr(local, "blanks_of", lambda request: ())
        assert [json.loads(complete(request).text) for request in calls] == given

    def test_calls_at_once_are_answered_and_reuse_their_common_prefix(self, lm: dspy.LM) -> None:
        texts = ["I won!", "He lied to me again.", "Fine.", "My cat died."]
        with ThreadPoolExecutor(4) as pool:
            requests = [ask(f"Name the emotion in one word. Text: {text}", max_tokens=3) for text in texts]
            answers = list(pool.map(lm.engine.complete, requests))
        assert all(answer.text for answer in answers)
        again = lm.engine.complete(requests[0])
        assert again.usage.cache_read_tokens and again.usage.input_tokens
        assert again.usage.input_tokens - again.usage.cache_read_tokens <= 8

    def test_one_at_a_time_replies_repeat_when_the_same_prefix_is_cached(self, lm: dspy.LM) -> None:
        """A prompt evaluated whole and one continued from the cache differ in rounding, and so may their samples."""
        sampled = ask("Write four words about rain.", temperature=1.0, seed=5, max_tokens=8)
        lm.engine.complete(sampled)
        assert lm.engine.complete(sampled).text == lm.engine.complete(sampled).text

    def test_a_text_field_ends_by_itself(self, lm: dspy.LM) -> None:
        schema = {"type": "object", "properties": {"rubric": {"type": "string"}}, "required": ["rubric"]}
        asked = ask(
            'Rewrite in one sentence: "Rate joy from 0 to 3." Reply with JSON: {"rubric": <text>}',
            max_tokens=120,
            response_format={"type": "json_schema", "schema": {**schema, "additionalProperties": False}},
        )
        answer = lm.engine.complete(asked)
        assert answer.finish_reason == "stop"
        assert answer.json["rubric"].strip()

    def test_a_prompt_beyond_the_context_is_the_right_error(self, lm: dspy.LM) -> None:
        with pytest.raises(dspy.ContextWindowExceededError, match="exceeds the available context size"):
            lm("word " * 9000)

    def test_a_schema_that_it_cannot_follow_is_refused(self, lm: dspy.LM) -> None:
        schema = {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}, "required": ["a"]}
        asked = ask("Say hello.", max_tokens=4, response_format={"type": "json_schema", "schema": schema})
        with pytest.raises(InvalidRequestError, match="JSON schema"):
            lm.engine.complete(asked)

    def test_nothing_is_printed_from_load_to_exit(self) -> None:
        script = (
            "from dspy.lm15 import Config, Message, Request\n"
            "from programs.backends.local import LocalEngine\n"
            "request = Request(model='m', messages=(Message.user('hi'),), config=Config(max_tokens=2))\n"
            "assert LocalEngine().complete(request).text"
        )
        root = HERE.parents[1]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, check=False
        )
        assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
