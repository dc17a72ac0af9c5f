"""What a judge's answers took, whether they were paid for here or by a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dspy._vendor.lm15.serde import response_from_dict  # no public name in 3.4

from programs.records.calls import CallLog, Links
from programs.records.lines import Answer, parse_line
from programs.records.shared import SharedAnswers


@dataclass
class Bill:
    """The tokens of `answers` distinct replies, and the seconds in which `sent` requests were made here."""

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sent: int = 0
    seconds: float = 0.0

    def add(self, answer: Answer) -> None:
        """Adds a reply, if it says how many tokens it took."""
        usage = response_from_dict(dict(answer.reply)).usage
        if usage.input_tokens is not None and usage.output_tokens is not None:
            self.answers += 1
            self.prompt_tokens += usage.input_tokens
            self.completion_tokens += usage.output_tokens


class Paid:
    """Every answer that the compared runs have paid for, and those that were asked for here since."""

    def __init__(self, logs: Sequence[Path]) -> None:
        self._runs = SharedAnswers()
        for log in logs:
            self._runs.add(log)
        self._here: dict[str, Answer] = {}

    def __call__(self, key: str) -> Answer | None:
        return self._here.get(key) or self._runs(key)

    def log(self, bill: Bill, *, reuse: bool = True) -> CallLog:
        """A call log that knows these answers, learns new ones, and puts every answer on the bill."""

        def hear(line: bytes) -> None:
            if (record := parse_line(line)) is not None:
                answer = Answer(record["reply"], record["usage"], record["sent"])
                self._here.setdefault(record["key"], answer)
                bill.add(answer)

        return CallLog(reuse=reuse, shared=self if reuse else None, links=Links(wrote=hear))
