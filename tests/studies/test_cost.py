"""What a cell's call log says of its costs."""

from pathlib import Path

from programs.records.lines import Answer, line_of
from programs.studies.cost import costs_of

MESSAGE = {"role": "assistant", "parts": [{"type": "text", "text": "1"}]}
REPLY = {"id": "x", "model": "stub", "message": MESSAGE, "finish_reason": "stop"}


def test_a_reply_out_of_dspys_cache_has_the_tokens_that_it_took(tmp_path: Path) -> None:
    """They were paid for elsewhere, so the log's own usage of it is empty."""
    reply = {**REPLY, "usage": {"input_tokens": 30, "output_tokens": 4, "total_tokens": 34}}
    answers = [
        Answer(reply, {"prompt_tokens": 50, "completion_tokens": 6}, sent=True),
        Answer(reply, {}, sent=False),
        Answer(reply, {"prompt_tokens": 7, "completion_tokens": 1}, sent=False),
        Answer({**REPLY, "usage": {}}, {}, sent=False),
    ]
    calls = tmp_path / "calls.jsonl"
    calls.write_bytes(b"".join(line_of("judge", "key", None, answer) for answer in answers))
    found = costs_of(calls)["judge"]
    assert (found["asked_calls"], found["asked_prompt_tokens"], found["asked_completion_tokens"]) == (4, 87, 11)
    assert (found["sent_calls"], found["sent_prompt_tokens"], found["sent_completion_tokens"]) == (1, 50, 6)
