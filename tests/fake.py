"""The one fake engine of the tests: it counts calls by stage, keeps what was asked, and answers by functions."""

import json
import math
import re
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import dspy
from dspy.lm15 import Message, Request, Response, TextPart, TokenLogprob, TopLogprob, Usage

STAGES = {
    "loss": "where a judge's scores of a text differ|where a judge orders two texts",
    "gradient": "You improve the rubric",
    "rewrite": "You rewrite the rubric",
    "condense": "You shorten the rubric|You complete the rubric|You turn feedback|You merge feedback",
    "rater": "Rate how|Decide which",
}
Answer = Callable[[str, str, str, tuple[int, ...]], Any]
CHAT_END = "[[ ## completed ## ]]"
WRITTEN = ("compact", "isolated", "json", "chat")
"""The adapters whose replies are text; those of a decision are measured (`tests.stub_decisions`)."""


@dataclass(frozen=True)
class Asked:
    """One request as the engine saw it."""

    stage: str
    system: str
    user: str
    request: Request


def plain_score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    """A level that depends on criterion, rubric and text: some agreement with nothing, always the same."""
    return levels[zlib.crc32(f"{name}|{rubric_in(system, name)}|{user}".encode()) % len(levels)]


def plain_rewrite(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    return f"{name} rubric, version {zlib.crc32(user.encode()) % 1000}"


class FakeEngine:
    """Answers every stage. `score` and `rewrite` give a field's value from (name, system, user, levels).

    `reply` may answer a whole request instead (text), or return None to leave it to the others. `logprobs` gives the
    tokens of a reply where they are asked for.
    """

    supports_response_schema = True
    supported_params = frozenset({"response_format", "temperature", "max_tokens", "seed", "logprobs", "top_logprobs"})

    def __init__(
        self,
        score: Answer = plain_score,
        rewrite: Answer = plain_rewrite,
        reply: Callable[[Asked], str | None] | None = None,
        logprobs: Callable[[Asked], tuple[TokenLogprob, ...]] | None = None,
    ) -> None:
        self.score = score
        self.rewrite = rewrite
        self.reply = reply
        self.logprobs = logprobs
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        asked = Asked(stage_of(request), str(request.system), request.messages[-1].text, request)
        with self._lock:
            self.asked.append(asked)
        text = self.reply(asked) if self.reply else None
        text = self.text(asked.stage, asked.system, asked.user, fields_of(request)) if text is None else text
        logprobs = self.logprobs(asked) if self.logprobs and request.config.logprobs is not None else None
        words = len(asked.system.split()) + len(asked.user.split())
        return Response(
            id="fake",
            model=request.model,
            message=Message.assistant([TextPart(text)]),
            finish_reason="stop",
            usage=Usage(input_tokens=words, output_tokens=len(text.split())),
            logprobs=logprobs,
        )

    def counts(self) -> dict[str, int]:
        """Requests by stage."""
        stages = [asked.stage for asked in self.asked]
        return {stage: stages.count(stage) for stage in ("judge", "loss", "gradient", "rewrite", "rater")}

    def of(self, stage: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.stage == stage]

    def text(self, stage: str, system: str, user: str, fields: Mapping[str, tuple[int, ...]]) -> str:
        """The reply to one request, `fields` being those that it asks for (see `fields_of`)."""
        if stage in ("loss", "gradient") or (stage == "condense" and not fields):
            said = f"{stage} text on: {user[-60:]}"
            return json.dumps({name: f"{name}: {said}" for name in fields}) if fields else said
        answer = self.rewrite if stage in ("rewrite", "condense") else self.score
        values = {name: answer(name, system, user, levels) for name, levels in fields.items()}
        return json.dumps(values) if CHAT_END not in system else chat_reply(values)

    def tokens(self, text: str) -> tuple[TokenLogprob, ...] | None:
        """The tokens of a reply with their probabilities, where it gives some for every reply."""
        return None


class DoubtfulEngine(FakeEngine):
    """Gives token probabilities: next to every digit that it says, 1 is as likely."""

    def complete(self, request: Request) -> Response:
        response = super().complete(request)
        if request.config.logprobs is None:
            return response
        return replace(response, logprobs=self.tokens(response.message.text))

    def tokens(self, text: str) -> tuple[TokenLogprob, ...]:
        return tuple(map(_doubtful, re.findall(r"\d|\D+", text)))


@lru_cache(maxsize=1024)
def _doubtful(text: str) -> TokenLogprob:
    if not text.isdigit():
        return TokenLogprob(token=text, logprob=0.0)
    half = math.log(0.5)
    return TokenLogprob(text, half, top=tuple(TopLogprob(each, half) for each in sorted({text, "1"})))


def stage_of(request: Request) -> str:
    """The stage by its words; who asks for texts only, in whatever words (DSPy's optimizers), asks for a rewrite."""
    known = next((stage for stage, words in STAGES.items() if re.search(words, str(request.system))), None)
    fields = fields_of(request)
    numbers = '"integer"' in json.dumps(request.config.response_format) or any(fields.values())
    return known or ("rewrite" if fields and not numbers else "judge")


def fields_of(request: Request) -> dict[str, tuple[int, ...]]:
    """Output field -> its levels (none for a text), from the request's JSON schema or from the reply's shape."""
    form = request.config.response_format
    if form is not None:
        schema: Mapping[str, Any] = form["schema"] if "schema" in form else form["json_schema"]["schema"]
        return {name: tuple(each.get("enum", ())) for name, each in schema["properties"].items()}
    system, user = str(request.system), request.messages[-1].text
    if CHAT_END in system:
        listed = re.findall(r"^\d+\. `(\w+)` \(Literal\[([-\d, ]+)\]\)", system, flags=re.MULTILINE)
        return {name: tuple(map(int, levels.split(","))) for name, levels in listed}
    shape = system.rpartition("JSON object only: ")[2] if "object only: " in system else user.rpartition("\n")[2]
    found = re.findall(r'"(\w+)":<(?:(-?\d+)-(-?\d+)|text)>', shape)
    return {name: tuple(range(int(low), int(high) + 1)) if low else () for name, low, high in found}


def chat_reply(values: Mapping[str, Any]) -> str:
    """A reply in the form of DSPy's ChatAdapter."""
    return "".join(f"[[ ## {name} ## ]]\n{value}\n\n" for name, value in values.items()) + CHAT_END


@lru_cache(maxsize=1024)
def rubric_in(system: str, name: str) -> str:
    """The rubric of a criterion as a judge's prompt shows it (one line), whatever the adapter."""
    found = re.search(rf"^(?:{name} \([-\d]+\)|\d+\. `{name}` \(Literal.*?\)): (.*)$", system, flags=re.MULTILINE)
    return found.group(1) if found else ""


def fake_lm(engine: FakeEngine | None = None, **options: Any) -> dspy.LM:
    """A `dspy.LM` over a fake engine, without cache."""
    return dspy.LM("fake/model", engine=engine or FakeEngine(), cache=False, **options)


def rated_rows(
    criteria: Sequence[str], count: int = 12, documents: int = 4, levels: tuple[int, ...] = (1, 2, 3, 4, 5)
) -> list[dspy.Example]:
    """Rated rows of short texts; the ratings vary and differ between the criteria."""
    return [
        dspy.Example(
            text=f"text number {place}",
            row_id=str(place),
            document_id=f"document {place % documents}",
            split=None,
            **{name: float(levels[(place * (k + 1) + k) % len(levels)]) for k, name in enumerate(criteria)},
        ).with_inputs("text")
        for place in range(count)
    ]
