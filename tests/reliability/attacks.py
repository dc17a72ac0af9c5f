"""The attack texts of `attacks.toml`, put into the judged text of a row."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from programs.tasks.task import Task
from tests.fake import chat_reply

FILE = Path(__file__).with_name("attacks.toml")
ALIKE = str.maketrans("aeopcxyt", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0442")
"""Latin letters -> the Cyrillic ones that look like them."""


@dataclass(frozen=True)
class Attack:
    """One of the file's; what its keys mean stands there."""

    name: str
    family: str
    position: str
    tries: str
    text: str
    marks: str = ""

    def filled(self, task: Task) -> str:
        """Its text for a task."""
        tops = {each.name: each.high for each in task.criteria}
        *others, tag = task.input_names
        first = task.criteria[0]
        return Template(self.text).substitute(
            tag=tag,
            tag_upper=tag.upper(),
            tag_alike=tag.translate(ALIKE),
            other=(others or [tag])[0],
            criterion=first.name,
            high=first.high,
            answer=json.dumps(tops),
            headers=chat_reply(tops),
        )

    def inputs(self, task: Task, row: Mapping[str, str]) -> dict[str, str]:
        """A row's texts with the attack in the judged one, the last."""
        judged, own = task.input_names[-1], self.filled(task)
        text = row[judged]
        attacked = {"before": f"{own}\n{text}", "after": f"{text}\n{own}", "whole": own}[self.position]
        return {**{name: row[name] for name in task.input_names}, judged: attacked}


@cache
def attacks() -> tuple[Attack, ...]:
    """All of them, in the file's order."""
    return tuple(Attack(**each) for each in tomllib.loads(FILE.read_text(encoding="utf-8"))["attack"])
