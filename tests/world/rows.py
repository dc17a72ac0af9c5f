"""Texts, annotators that follow the hidden rules, and the task that they make."""

from functools import cache
from statistics import mean

import dspy

from programs.tasks.fields import Input
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.world.chance import normal, shuffled
from tests.world.world import VOCABULARY, World

LOW, HIGH = 1, 5
MIDDLE = (LOW + HIGH) / 2


def task_of(world: World) -> Task:
    """The world's criteria, with rubrics that state no rule."""
    criteria = tuple(Criterion(name, LOW, HIGH) for name in world.names)
    return Task("simulated", "Judge the text.", (Input("text", "Text"),), criteria)


def rows_of(world: World, count: int, part: str) -> list[dspy.Example]:
    """So many rated texts; every text is a document of its own, and `part` names a population without overlap."""
    return [_row(world, f"{part} {place}") for place in range(count)]


def splits_of(world: World, train: int, validation: int, test: int) -> Splits:
    """Rows of the three parts."""
    sizes = {"train": train, "validation": validation, "test": test}
    return Splits(**{part: rows_of(world, count, part) for part, count in sizes.items()})


def level(value: float) -> int:
    """The level of the scale that is nearest."""
    return min(max(round(value), LOW), HIGH)


def _row(world: World, name: str) -> dspy.Example:
    text, ratings = _rated(world, name)
    return dspy.Example(text=text, row_id=name, document_id=name, split=None, **ratings).with_inputs("text")


@cache
def _rated(world: World, name: str) -> tuple[str, dict[str, float]]:
    """A text and its ratings; the trials of a world share them."""
    words = shuffled(VOCABULARY, "text", name, world.seed)[: world.words]
    return " ".join(words), {criterion: _rating(world, criterion, name, words) for criterion in world.names}


def _rating(world: World, criterion: str, row: str, words: list[str]) -> float:
    """The mean of the raters, each of whom follows the rules and errs."""
    truth = MIDDLE + world.signal * sum(world.hidden[criterion].get(word, 0) for word in words)
    noise = world.rater_noise if world.signal else 1.2
    errors = (normal("rater", place, criterion, row, world.seed) for place in range(world.raters))
    return float(mean(level(truth + noise * error) for error in errors))
