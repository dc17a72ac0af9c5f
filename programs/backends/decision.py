"""The layout of decisions: one request of a row holds a question a criterion, and the LM measures every answer.

Nothing is generated: for each question the LM gives the probabilities of the scale's levels (lm15's judgments:
TypeSafe's System One, and servers that score named tokens, such as vLLM). Directive and inputs are one text of the
user, since System One takes no other; a rubric is its question's instruction, so no question holds another's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from dspy._vendor.lm15.judgments import MAX_ORDERED_LEVELS, judgments, score  # no public names in 3.4
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.clients.execution import _engine, prepare  # how DSPy finds an LM's wire; no public names in 3.4
from dspy.lm15 import Config, DataPart, Message, Request, Response, TextPart
from dspy.utils.exceptions import AdapterParseError, LMError

from metrics.expectation import MEASURED, Chances
from programs.backends.adapter import CompactAdapter, assistant_text, levels_of, rubric_line, user_text, valid_fields
from programs.backends.metering import MeteredEngine
from programs.errors import UserError

Signature = type[dspy.Signature]

ABLE = "typesafe:MODEL, or hosted_vllm/MODEL with --api-base"
"""LMs that measure."""


class DecisionAdapter(CompactAdapter):
    """Asks for the probabilities of every criterion's levels, and gives the likeliest level of each.

    Beside the levels a reply holds, under `MEASURED`, criterion -> level -> probability. Raises UserError before
    anything is sent where the LM is not known to measure them.
    """

    def __call__(self, lm, lm_kwargs, signature, demos, inputs) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
        require_measuring(lm, signature)
        response = lm(request(lm.model, signature, self.user(signature, inputs, demos)))
        return [measured(type(self).__name__, signature, response)]

    def user(self, signature: Signature, inputs: dict[str, Any], demos: Sequence[Mapping[str, Any]] = ()) -> str:
        examples = [_example(place, signature, dict(demo)) for place, demo in enumerate(demos, start=1)]
        before = [*examples, *(["To be judged:"] if demos else [])]
        return "\n".join([signature.instructions, *before, user_text(signature, inputs)])

    def format(self, signature, demos, inputs) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
        """What is sent, as text, by which its tokens are counted."""
        asked = [rubric_line(name, field) for name, field in signature.output_fields.items()]
        return [{"role": "user", "content": "\n".join([self.user(signature, inputs, demos), *asked])}]


def request(model: str, signature: Signature, text: str) -> Request:
    """The questions about a text. Nothing is sampled, so the LM's temperature and seed are not in it."""
    config = Config(response_format=questions(signature), probabilities="required")
    return Request(model=model, messages=(Message.user([TextPart(text)]),), config=config)


def questions(signature: Signature) -> dict[str, Any]:
    """A `score` a criterion: its line of the rubric, and for each level the number that the rubric knows it by.

    On the wire levels count from 0, so that a scale from 1 would be read one too low if a level did not say its own.
    """
    asked = {}
    for name, field in signature.output_fields.items():
        levels = levels_of(field.annotation)
        require_scale(name, levels)
        each = [f"{level} on the scale {levels[0]}-{levels[-1]}" for level in levels]
        asked[name] = score(rubric_line(name, field), each)
    return judgments(name="reply", strict=True, **asked)


def measured(adapter: str, signature: Signature, response: Response) -> dict[str, Any]:
    """The likeliest level of each criterion, and the probabilities of all. Raises AdapterParseError, which holds the
    rest, where a criterion has no answer; one with an answer and no probabilities is in the levels only."""
    part = next((each for each in response.message.parts if isinstance(each, DataPart)), DataPart(value={}))
    levels = {name: levels_of(field.annotation) for name, field in signature.output_fields.items()}
    known = ((name, _chances(scale, (part.probabilities or {}).get(name) or {})) for name, scale in levels.items())
    chances = {name: each for name, each in known if each is not None}
    said = {name: _level(scale, part.value, name) for name, scale in levels.items()}
    said |= {name: max(each, key=lambda level: each[level]) for name, each in chances.items()}
    try:
        return {**valid_fields(adapter, signature, str(part.value), said), MEASURED: chances}
    except AdapterParseError as error:
        error.parsed_result = {**(error.parsed_result or {}), MEASURED: chances}
        raise


def require_scale(name: str, levels: Sequence[int]) -> None:
    """Raises UserError for more levels than a question may have."""
    if len(levels) > MAX_ORDERED_LEVELS:
        raise UserError(
            f"--judge decision: {name} has {len(levels)} levels, and a question has at most {MAX_ORDERED_LEVELS}: "
            "give a smaller scale, or another --judge"
        )


def require_measuring(lm: dspy.LM, signature: Signature) -> None:
    """Raises UserError where the LM is not known to measure the answers of these questions. Nothing is sent."""
    engine = getattr(lm, "engine", None)
    if isinstance(engine, MeteredEngine):
        able = engine.made(("measures", signature), lambda: measures(engine.inner, signature))
    else:
        able = measures(lm, signature)
    if not able:
        raise UserError(
            f"--judge decision: {lm.model} is not known to give probabilities of declared answers: use {ABLE}, or "
            "another --judge"
        )


def measures(lm: dspy.LM, signature: Signature) -> bool:
    """Whether the LM's wire carries these questions; an engine of one's own says so by `measures_judgments`."""
    if not isinstance(getattr(lm, "engine", None), str):
        return bool(getattr(getattr(lm, "engine", None), "measures_judgments", False))
    asked = request(lm.model, signature, "text")
    try:
        engine, canonical, _ = _engine(lm, prepare(lm, asked, None, {}), False)
    except LMError:
        return False
    return isinstance(engine, LM15Engine) and canonical is not None


def _example(place: int, signature: Signature, demo: dict[str, Any]) -> str:
    return f"Example {place}:\n{user_text(signature, demo)}\nIts scores: {assistant_text(signature, demo)}"


def _chances(levels: Sequence[int], shares: Mapping[str, float]) -> Chances | None:
    """Level -> probability, of keys that count from 0; they sum to 1 but for what the server rounded."""
    total = sum(shares.values())
    if {*shares} != set(map(str, range(len(levels)))) or total <= 0:
        return None
    return {level: shares[str(place)] / total for place, level in enumerate(levels)}


def _level(levels: Sequence[int], said: Any, name: str) -> int | None:
    """The level whose place was named."""
    place = said.get(name) if isinstance(said, dict) else None
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(levels):
        return None
    return levels[place]
