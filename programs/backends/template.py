"""A request that is asked of many texts: built once, with a gap where the text goes.

DSPy plans, builds, checks, copies and serializes every request anew, though all that changes from row to row is the
text in its last message. Key, prompt and body are byte by byte those that a request built anew would have.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import dspy
import orjson
from dspy._vendor.lm15.serde import request_to_dict  # no public name in 3.4
from dspy.clients.execution import _canonical, prepare  # how DSPy makes a request of messages; no public name in 3.4
from dspy.lm15 import Message, Request, TextPart

GAP = "@@judgegrad-gap-5f2b9c0e7d41@@"


class NoGap(ValueError):
    """The gap cannot be told in what was built: it stands there twice, or not at all."""


class Gapped:
    """JSON with one gap inside of one of its strings. Raises NoGap."""

    def __init__(self, whole: bytes) -> None:
        self.before, gap, self.after = whole.partition(GAP.encode())
        if not gap or GAP.encode() in self.after:
            raise NoGap

    def filled(self, text: str) -> bytes:
        """With the text in the gap. Raises TypeError for a text that has no UTF-8 form."""
        return b"".join((self.before, orjson.dumps(text)[1:-1], self.after))


class Asked(ABC):
    """A request as the call log and the budget want it: `key` names it, `size` is its length in bytes."""

    def __init__(self, whole: bytes, seed: int | None) -> None:
        self.key = hashlib.sha256(whole).hexdigest()
        self.size = len(whole) - len(named(None, seed)) + len(b"null")

    @property
    @abstractmethod
    def request(self) -> Request:
        """As DSPy has it."""

    @property
    @abstractmethod
    def content(self) -> Mapping[str, Any]:
        """As plain data."""

    @property
    @abstractmethod
    def most_tokens(self) -> int | None:
        """The cap of the reply."""

    def capped(self, most: int) -> "Asked":
        """The same with another cap."""
        return Whole(replace(self.request, config=replace(self.request.config, max_tokens=most)), None)


class Whole(Asked):
    """A request that was built as a whole."""

    def __init__(self, request: Request, seed: int | None) -> None:
        self._request = request
        self._content = request_to_dict(request)
        super().__init__(named(self._content, seed), seed)

    @property
    def request(self) -> Request:
        return self._request

    @property
    def content(self) -> Mapping[str, Any]:
        return self._content

    @property
    def most_tokens(self) -> int | None:
        return self._request.config.max_tokens


class Template:
    """A request whose last message is one text, which is the gap; of it, the request of any text. Raises NoGap."""

    def __init__(self, request: Request, seed: int | None) -> None:
        self.gapped = request
        self.content: Mapping[str, Any] = request_to_dict(request)
        self._named = Gapped(named(self.content, seed))
        self._seed = seed

    @classmethod
    def of(
        cls, lm: dspy.LM, before: Sequence[Mapping[str, Any]], options: Mapping[str, Any], seed: int | None
    ) -> "Template":
        """What DSPy makes of the messages before a text and the text, with the LM's own settings and these."""
        messages = [*before, {"role": "user", "content": GAP}]
        return cls(_canonical(prepare(lm, None, messages, dict(options))), seed)

    def asked(self, text: str) -> "Filled":
        """The request of that text, which must not be empty. Raises TypeError where it has no UTF-8 form."""
        return Filled(self, text, self._named.filled(text), self._seed)


class Filled(Asked):
    """The request of one text. What only a request that is sent needs is made then."""

    def __init__(self, template: Template, text: str, whole: bytes, seed: int | None) -> None:
        super().__init__(whole, seed)
        self.template = template
        self.text = text

    @property
    def request(self) -> Request:
        whole = self.template.gapped
        return replace(whole, messages=(*whole.messages[:-1], Message.user([TextPart(self.text)])))

    @property
    def content(self) -> Mapping[str, Any]:
        whole = self.template.content
        *before, last = whole["messages"]
        part = {**last["parts"][0], "text": self.text}
        return {**whole, "messages": [*before, {**last, "parts": [part]}]}

    @property
    def most_tokens(self) -> int | None:
        return self.template.gapped.config.max_tokens


def named(content: Mapping[str, Any] | None, seed: int | None) -> bytes:
    """What the key of a request is made of."""
    return orjson.dumps([content, seed], option=orjson.OPT_SORT_KEYS)
