"""A judge whose criteria are known to collide over planted edits, and the LM that proposes these."""

import re
from typing import Any

import dspy

from tests.fake import Asked, FakeEngine

HELPS_AND_HURTS = "fluency: raise to 5 when the text is short"
HELPS = "coherence: raise to 4 when the text has a plan"
HELPS_ONE_ROW = "consistency: raise to 4 when the text is number 0"
HURTS = "consistency: lower to 1 when the text wanders"
REPLY = "\n".join((HELPS_AND_HURTS, HELPS_ONE_ROW, HELPS, HURTS))

SHORT, PLAN, ZERO, WANDERS = "is short", "has a plan", "is number 0", "wanders"


def score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    """3 for everything; in the joint prompt, an edit of fluency also lowers relevance."""
    row = re.findall(r"text number (\d+)", user)[-1]
    changes = {
        "fluency": 2 * (SHORT in system),
        "relevance": -(SHORT in system),
        "coherence": int(PLAN in system),
        "consistency": int(ZERO in system and row == "0") - 2 * (WANDERS in system),
    }
    return 3 + changes[name]


def planted_engine(reply: str = REPLY) -> FakeEngine:
    """Proposes the planted edits, or others, whenever it is asked to condense."""
    return FakeEngine(score=score, reply=lambda asked: reply if asked.stage == "condense" else None)


def planted_rows(count: int) -> list[dspy.Example]:
    """Humans say 5 for fluency, 3 for relevance and 4 for the others: the judge as it is is off by 2, 0, 1 and 1."""
    rated = {"fluency": 5.0, "relevance": 3.0, "coherence": 4.0, "consistency": 4.0}
    return [
        dspy.Example(text=f"text number {place}", row_id=str(place), document_id=None, **rated).with_inputs("text")
        for place in range(count)
    ]


def condensing(asked: Asked) -> str | None:
    """For runs of a command on the small table: edits of its two criteria."""
    lines = (
        "helpful: raise to 4-5 when the answer says why",
        "polite: lower to 0 when it is cold",
        "warmth: raise when it is warm",
    )
    return "\n".join(lines) if asked.stage == "condense" else None
