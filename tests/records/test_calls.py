import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from programs.optimizer.fan_out import Pool
from programs.records.calls import CallLog, Links
from programs.records.lines import Answer
from programs.records.unanswered import NoAnswer

USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "cached_prompt_tokens": 4}


def reply(text: str) -> dict:
    """A response as DSPy's plain data."""
    message = {"role": "assistant", "parts": [{"type": "text", "text": text}]}
    return {"model": "m", "message": message, "finish_reason": "stop"}


def sender(text: str, sent: list[str]) -> Callable[[], Answer]:
    def send() -> Answer:
        sent.append(text)
        return Answer(reply(text), USAGE, True)

    return send


def test_an_identical_request_is_sent_once_and_counted_as_reused(tmp_path: Path) -> None:
    sent: list[str] = []
    log = CallLog(tmp_path / "calls.jsonl")
    for _ in range(3):
        assert log.ask("judge", "k", None, sender("a", sent)).reply == reply("a")
    assert sent == ["a"]
    tally = log.summary()["judge"]
    assert (tally["calls"], tally["reused"], tally["prompt_tokens"]) == (1, 2, 10)
    log.close()


def test_a_reply_cut_off_by_its_token_limit_is_counted() -> None:
    log = CallLog()
    log.ask("loss", "a", None, lambda: Answer({**reply("and so on and"), "finish_reason": "length"}, USAGE, True))
    log.ask("loss", "b", None, lambda: Answer(reply("whole"), USAGE, True))
    assert (log.summary()["loss"]["calls"], log.summary()["loss"]["truncated"]) == (2, 1)


def test_identical_requests_at_the_same_time_are_sent_once(tmp_path: Path) -> None:
    sent: list[str] = []
    gate = threading.Barrier(8)
    log = CallLog(tmp_path / "calls.jsonl")

    def ask(_: int) -> Answer:
        gate.wait()
        return log.ask("loss", "same", None, sender("a", sent))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sent == ["a"]
    assert all(answer.reply == reply("a") for answer in answers)
    log.close()


def test_a_later_session_replays_what_an_earlier_one_paid_for(tmp_path: Path) -> None:
    sent: list[str] = []
    first = CallLog(tmp_path / "calls.jsonl")
    first.ask("judge", "k", None, sender("a", sent))
    first.close()
    second = CallLog(tmp_path / "calls.jsonl")
    assert second.ask("judge", "k", None, sender("b", sent)).reply == reply("a")
    assert sent == ["a"]
    assert second.summary()["judge"]["reused"] == 1
    assert second.summary()["judge"]["calls"] == 0
    spent = {"calls": 1, "prompt_tokens": 10, "completion_tokens": 2}
    by_role = {f"judge_{name}": count for name, count in spent.items()}
    assert second.lap() == {**spent, **by_role}  # as in an uninterrupted run
    second.close()


@pytest.mark.parametrize(
    "tail",
    [
        b'{"key": "x", "role"',
        b'{"key": "x"}\n',
        b'{"key": [1], "reply": {}, "usage": {}, "sent": true}\n',
        b'{"key": "x", "reply": 5, "usage": {}, "sent": true}\n',
        b'{"key": "x", "reply": {"message": null}, "usage": {}, "sent": true}\n',
        b'{"key": "x", "reply": {"message": {}}, "usage": 5, "sent": "x"}\n',
        b"\xff\xfe",
        b"null\n",
        json.dumps({"key": "x", "role": "judge", "reply": reply("a"), "usage": {}, "sent": True, "place": 7}).encode()
        + b"\n",
    ],
)
def test_a_damaged_last_line_is_asked_again_and_nothing_else_is_lost(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "calls.jsonl"
    sent: list[str] = []
    log = CallLog(path)
    log.ask("judge", "k", None, sender("a", sent))
    log.close()
    path.write_bytes(path.read_bytes() + tail)
    log = CallLog(path)
    log.ask("judge", "x", None, sender("b", sent))
    log.close()
    log = CallLog(path)
    for key in ("k", "x"):
        log.ask("judge", key, None, sender("c", sent))
    log.close()
    assert sent == ["a", "b"]


def test_without_reuse_each_place_has_its_own_answer_whatever_the_threads_do(tmp_path: Path) -> None:
    def session(order: list[int], replies: Iterator[str]) -> list[str]:
        """Two identical requests of one phase, asked in this order."""
        turns = [threading.Event() for _ in range(3)]
        turns[0].set()
        log, sent = CallLog(tmp_path / "calls.jsonl", reuse=False), []

        def ask(item: int) -> str:
            turns[order.index(item)].wait(timeout=10)
            answer = log.ask("judge", "same", None, lambda: sender(next(replies), sent)())
            turns[order.index(item) + 1].set()
            return answer.reply["message"]["parts"][0]["text"]

        found = Pool(2).map("judge", ask, [0, 1])
        log.close()
        return found

    assert session([1, 0], iter(["first", "second"])) == ["second", "first"]
    assert session([0, 1], iter([])) == ["second", "first"]
    assert session([1, 0], iter([])) == ["second", "first"]


def test_an_answer_paid_for_with_reuse_serves_one_request_without(tmp_path: Path) -> None:
    sent: list[str] = []
    log = CallLog(tmp_path / "calls.jsonl")
    log.ask("judge", "k", None, sender("a", sent))
    log.close()
    for _ in range(2):
        log = CallLog(tmp_path / "calls.jsonl", reuse=False)
        ask = partial(log.ask, "judge", "k", None)
        Pool(1).map("judge", ask, [sender("b", sent), sender("c", sent)])
        assert sent == ["a", "c"]
        log.known_only = True  # and a stopped run makes do with what it has
        assert log.ask("judge", "k", None, sender("d", sent)).reply in (reply("a"), reply("c"))
        log.close()
    log = CallLog(tmp_path / "calls.jsonl")
    assert log.ask("judge", "k", None, sender("d", sent)).reply == reply("a")
    log.close()


def test_skipped_calls_are_counted() -> None:
    log = CallLog()
    log.skip("judge", 0)
    assert log.summary() == {}
    log.skip("judge", 3)
    assert log.summary()["judge"]["skipped"] == 3


def test_others_hear_of_a_line_before_its_reply_is_used_and_can_halt_the_run(tmp_path: Path) -> None:
    heard: list[bytes] = []
    halted = threading.Event()
    log = CallLog(tmp_path / "calls.jsonl", links=Links(heard.append, halted.is_set))
    log.ask("judge", "k", None, sender("a", []))
    assert b"".join(heard) == (tmp_path / "calls.jsonl").read_bytes()
    halted.set()
    assert log.ask("judge", "k", None, sender("b", [])).reply == reply("a")
    with pytest.raises(KeyboardInterrupt):
        log.ask("judge", "other", None, sender("b", []))
    log.close()


def test_the_reply_is_on_disk_before_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    log = CallLog(path)
    log.ask("judge", "k", None, sender("a", []))
    assert json.loads(path.read_text())["reply"] == reply("a")
    log.close()


def test_a_failed_request_is_counted_and_raised(tmp_path: Path) -> None:
    log = CallLog()

    def fail() -> Answer:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        log.ask("judge", "k", None, fail)
    assert log.summary()["judge"]["calls"] == 1
    assert log.summary()["judge"]["failed"] == 1


def test_a_stopped_log_answers_only_what_it_knows() -> None:
    log = CallLog()
    log.ask("judge", "k", None, sender("a", []))
    log.known_only = True
    assert log.ask("judge", "k", None, sender("b", [])).reply == reply("a")
    with pytest.raises(NoAnswer):
        log.ask("judge", "other", None, sender("b", []))


def test_a_stopped_log_does_not_wait_for_a_call_that_hangs() -> None:
    log, asked, hanging = CallLog(), threading.Event(), threading.Event()

    def send() -> Answer:
        asked.set()
        hanging.wait(20)
        return Answer(reply("a"), USAGE, True)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(log.ask, "judge", "k", None, send)
        asked.wait(20)
        log.known_only = True
        with pytest.raises(NoAnswer):
            log.ask("judge", "k", None, sender("b", []))
        hanging.set()
        assert call.result().reply == reply("a")


def test_answers_from_a_cache_are_reused_not_called() -> None:
    log = CallLog()
    log.ask("judge", "k", None, lambda: Answer(reply("a"), {}, False))
    assert log.summary()["judge"]["calls"] == 0
    assert log.summary()["judge"]["reused"] == 1
    assert log.lap() == {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}


def test_a_log_that_turns_to_another_file_forgets_its_answers_and_counts_on(tmp_path: Path) -> None:
    sent: list[str] = []
    log = CallLog(tmp_path / "one.jsonl")
    log.ask("judge", "k", None, sender("a", sent))
    log.turn_to(tmp_path / "two.jsonl")
    log.ask("judge", "k", None, sender("b", sent))
    log.turn_to(tmp_path / "one.jsonl")
    assert log.ask("judge", "k", None, sender("c", sent)).reply == reply("a")
    assert sent == ["a", "b"]
    assert (log.summary()["judge"]["calls"], log.summary()["judge"]["reused"]) == (2, 1)
    log.known_only = True
    with pytest.raises(NoAnswer):
        log.ask("judge", "other", None, sender("d", sent))
    assert log.unanswered == 1
    log.close()
