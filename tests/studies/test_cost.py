"""What a cell's call log says of its costs."""

import json
from pathlib import Path

from programs.studies.cost import costs_of


def test_a_reply_out_of_dspys_cache_has_the_tokens_that_it_took(tmp_path: Path) -> None:
    """They were paid for elsewhere, so the log's own usage of it is empty."""
    reply = {"usage": {"input_tokens": 30, "output_tokens": 4}}
    lines = [
        {"role": "judge", "sent": True, "usage": {"prompt_tokens": 50, "completion_tokens": 6}, "reply": reply},
        {"role": "judge", "sent": False, "usage": {}, "reply": reply},
        {"role": "judge", "sent": False, "usage": {"prompt_tokens": 7, "completion_tokens": 1}, "reply": reply},
        {"role": "judge", "sent": False, "usage": {}, "reply": {"usage": {"input_tokens": None}}},
    ]
    calls = tmp_path / "calls.jsonl"
    calls.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = costs_of(calls)["judge"]
    assert (found["asked_calls"], found["asked_prompt_tokens"], found["asked_completion_tokens"]) == (4, 87, 11)
    assert (found["sent_calls"], found["sent_prompt_tokens"], found["sent_completion_tokens"]) == (1, 50, 6)
