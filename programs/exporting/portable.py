"""Functions that stand, word for word, in the Python files that are exported: they import nothing of this project.

What they call besides (`read_object`, `read_sections`, `level_of`, `expected_score`) goes along
(`programs.exporting.code`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from metrics.expectation import expected_score, level_chances
from programs.backends.reply import level_of, read_object, read_sections


def filled(messages: Sequence[Mapping[str, str]], texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The messages with each placeholder replaced by its text. In one pass: a text may hold what looks like one."""
    marks = re.compile("|".join(map(re.escape, texts)))
    return [
        {"role": each["role"], "content": marks.sub(lambda found: texts[found.group()], each["content"])}
        for each in messages
    ]


def said_levels(said: Mapping[str, Any], scales: Mapping[str, Sequence[int]]) -> dict[str, int | None]:
    """Criterion -> the level that the reply names, None (unscored) where it names none of the scale."""
    return {name: level_of(said.get(name), levels) for name, levels in scales.items()}


def read_json(reply: str, scales: Mapping[str, Sequence[int]]) -> dict[str, int | None]:
    """Criterion -> level, or None (unscored), of a reply that holds a JSON object."""
    return said_levels(read_object(reply, tuple(scales)), scales)


def read_marked(reply: str, scales: Mapping[str, Sequence[int]]) -> dict[str, int | None]:
    """Criterion -> level, or None (unscored), of a reply with a line `[[ ## name ## ]]` before each value."""
    return said_levels(read_sections(reply, scales), scales)


def expectations(
    levels: Mapping[str, int | None], tokens: Sequence[Mapping[str, Any]], scales: Mapping[str, Sequence[int]]
) -> dict[str, float | None]:
    """Criterion -> mean of its scale under the reply's token probabilities; the level itself where they are unknown."""
    scores: dict[str, float | None] = dict(levels)
    for name, level in levels.items():
        if level is not None:
            chances = level_chances(tokens, name, level, scales[name])
            scores[name] = level if chances is None else expected_score(chances)
    return scores
