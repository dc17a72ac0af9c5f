"""The simulated LM as a judge: it applies the rules that the prompt's rubrics state, and errs by set amounts."""

import re
from collections.abc import Mapping

from dspy.lm15 import TokenLogprob

from tests.fake import Asked, fields_of, rubric_in
from tests.world.chance import around, normal, uniform
from tests.world.rows import HIGH, LOW, MIDDLE, level
from tests.world.speech import part, stated
from tests.world.world import World

USUAL_WEIGHT = 1.5
"""A rubric says which way a word works, not how far: the judge takes all stated rules for equally strong."""


def opinions(world: World, asked: Asked) -> dict[str, float]:
    """Criterion -> what the judge thinks of the text, in points, before it is rounded to a level."""
    words = part("text", asked.user).split()
    rubrics = {name: rubric_in(asked.system, name) for name in fields_of(asked.request)}
    return {name: _opinion(world, name, words, rubrics, asked.request.config.seed) for name in rubrics}


def reply(world: World, asked: Asked) -> str:
    """Its scores, as JSON."""
    return _json({name: level(value) for name, value in opinions(world, asked).items()})


def tokens(world: World, asked: Asked) -> tuple[TokenLogprob, ...]:
    """The reply's tokens with their probabilities, which lie around the opinion."""
    found = list(opinions(world, asked).values())
    pieces = re.findall(r"\d|\D+", reply(world, asked))
    return tuple(
        around(found.pop(0), int(piece), range(LOW, HIGH + 1)) if piece.isdigit() else TokenLogprob(piece, 0.0)
        for piece in pieces
    )


def _json(scores: Mapping[str, int]) -> str:
    return "{" + ",".join(f'"{name}":{score}' for name, score in scores.items()) + "}"


def _opinion(world: World, name: str, words: list[str], rubrics: Mapping[str, str], seed: int | None) -> float:
    own, others = rubrics[name], [text for each, text in rubrics.items() if each != name]
    told = stated(own)
    heard = {word: way for text in others for word, way in stated(text).items()}
    effects = sum(_effect(world, name, word, told, heard) for word in words)
    content = (name, " ".join(words), own, world.seed)
    error = world.judge_noise * normal("error", *content) + world.wobble * normal("wobble", seed, *content)
    load = sum(len(text.split()) for text in others) / 100
    error += world.interference * load * normal("interference", *content, *others)
    return MIDDLE + effects + error


def _effect(world: World, name: str, word: str, told: Mapping[str, int], heard: Mapping[str, int]) -> float:
    """What a word of the text moves the judge by, in points."""
    if word in told:
        return told[word] * USUAL_WEIGHT * world.point
    if word in heard and uniform("borrowing", name, word, world.seed) < world.borrowing:
        return heard[word] * USUAL_WEIGHT * world.point
    knack = world.knack * world.hidden[name].get(word, 0)
    return world.point * (knack + world.prejudice * normal("prejudice", name, word, world.seed))
