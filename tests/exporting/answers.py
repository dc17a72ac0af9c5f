"""An engine whose scores depend on the judged text alone, however a prompt words the rest: tools that send prompts of
their own must get the same scores from it as judgegrad does."""

import json
import re
import zlib

from tests.fake import Asked, FakeEngine

ROWS = [{"message": f"message {place}", "reply": f"reply {place}"} for place in range(6)]
SCALES = {"polite": (1, 5), "severity": (-1, 2)}
UNSCORED = "reply 4"


def level(name: str, text: str) -> int:
    low, high = SCALES[name]
    return low + zlib.crc32(f"{name} {text}".encode()) % (high - low + 1)


def _answer(asked: Asked) -> str:
    (text,) = re.findall(r"reply \d+", asked.user)
    alone = re.search(r"the score of (\w+) alone", asked.system)
    if alone:  # MLflow's make_judge asks for one result
        result = 99 if text == UNSCORED else level(alone[1], text)
        return json.dumps({"result": result, "rationale": "so"})
    names = [name for name in SCALES if f'"{name}":<' in asked.system]
    return json.dumps({name: 99 if text == UNSCORED else level(name, text) for name in names})


def by_text() -> FakeEngine:
    """Every score a function of the judged text; one text gets values off every scale."""
    return FakeEngine(reply=_answer)
