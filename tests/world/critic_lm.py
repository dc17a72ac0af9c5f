"""The simulated LM as a critic: loss, gradient, rewrite, and the proposals of a peer. It knows which words could matter
for a criterion, never which way they work: that it can only learn from what the prompt says of the raters.

Every amount of a mechanism counts once for each extra criterion in the call, and draws depend on what is said about one
criterion only. So where the amounts are 0, joint calls say what separate ones say.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.fake import Asked, fields_of
from tests.world.chance import after_extras, shuffled, uniform
from tests.world.speech import (
    COMPARED,
    EXAMPLE,
    VERDICT,
    Rule,
    listed,
    part,
    rubric_text,
    rubrics_listed,
    rules_in,
    stated,
    verdicts_said,
)
from tests.world.world import World

OPENING = "Rate from 1 to 5."
NO_RUBRIC = "The improved rubric follows the feedback closely."


def loss(world: World, asked: Asked) -> str:
    """Which criteria were scored too high or too low. It sees no text, so it can say no more."""
    compared = part("comparisons", asked.user)
    lost = after_extras(world.silence, len(listed(compared)) - 1)
    found = [each for each in COMPARED.findall(compared) if uniform("loss", each, asked.user, world.seed) >= lost]
    return verdicts_said(found)


def gradient(world: World, asked: Asked) -> str:
    """Which words of the text account for a wrong score, as rules that the rubric does not state yet."""
    rubrics = rubrics_listed(part("rubric", asked.user))
    words = part("text", asked.user).split()
    verdicts = {name: 1 if side == "low" else -1 for name, side in VERDICT.findall(part("critiques", asked.user))}
    found = [
        rule for name in rubrics if name in verdicts for rule in _found(world, name, verdicts[name], words, rubrics)
    ]
    taught = [
        Rule(name, rule.word, rule.way)
        for rule in found
        for name in rubrics
        if name != rule.criterion and rule.word in world.hidden[name] and _happens(world.teaching, name, rule, world)
    ]
    fields = fields_of(asked.request)
    said = [_diluted(world, rule, len(rubrics) - 1, asked.user) for rule in [*found, *taught]]
    if fields:  # a field says whose rule it is, whatever its text leaves out
        said = [rule and of for rule, of in zip(said, [*found, *taught], strict=True)]
        return json.dumps(
            {name: _feedback([rule for rule in said if rule and rule.criterion == name]) for name in fields}
        )
    return _feedback([rule for rule in said if rule])


def rating(world: World, asked: Asked) -> str:
    """How focused a gradient is on one criterion: all its rules are about it, some, or none."""
    rules, target = rules_in(part("feedback", asked.user)), part("criterion", asked.user)
    own = sum(rule.criterion == target for rule in rules)
    return json.dumps({"rating": 2 if not own else 10 if own == len(rules) else 6})


def rewrite(world: World, asked: Asked) -> str:
    """The rubrics with the rules of the feedback in them."""
    rubrics = rubrics_listed(part("rubric", asked.user))
    names = list(fields_of(asked.request))
    heard = _heard(rules_in(part("feedback", asked.user)), names, world)
    texts: dict[str, dict[str, int]] = {name: {} for name in names}
    for name in names:
        for word, way in _majority(stated(rubrics[name]), heard[name]).items():
            if (home := _home(world, name, word, names, asked.user)) is not None:
                texts[home].setdefault(word, way)
    return json.dumps({name: _written(world, name, texts[name], (rubrics[name], *heard[name])) for name in names})


def condensed(world: World, asked: Asked) -> str:
    """A rubric of at most so many words: the first of its rules, or those of the feedback beside them."""
    (field,) = fields_of(asked.request)
    name = re.findall(r"rubric for (\w+)", asked.user)[-1]
    words = int(re.findall(r"(\d+) words, as one", asked.user)[0])
    heard = [rule for rule in rules_in(part("feedback", asked.user)) if rule.criterion in ("", name)]
    rules = _majority(stated(part("rubric", asked.user)), heard)
    most = max(0, words - len(OPENING.split())) // len(Rule("", "word", 1).said().split())
    return json.dumps({field: rubric_text(OPENING, dict(list(rules.items())[:most]))})


def edits(world: World, asked: Asked) -> str:
    """The rules of the feedback that name their criterion, one by one as edits."""
    rules = dict.fromkeys(rule for rule in rules_in(part("feedback", asked.user)) if rule.criterion)
    ways = {1: "raise", -1: "lower"}
    return "\n".join(f"{rule.criterion}: {ways[rule.way]} when {rule.said()}" for rule in rules)


def merged(world: World, asked: Asked) -> str:
    """Of each criterion's rules what most of the feedback says; where sides are even, nothing."""
    names = list(fields_of(asked.request))
    heard = _heard([rule for rule in rules_in(part("feedback", asked.user)) if rule.criterion], names, world)
    rules = {name: [Rule(name, word, way) for word, way in _majority({}, heard[name]).items()] for name in names}
    return json.dumps({name: _feedback(found) for name, found in rules.items()})


def paraphrase(world: World, asked: Asked) -> str:
    """The same rules behind another opening."""
    rubrics = rubrics_listed(part("rubric", asked.user))
    opening = f"Judge with care, in the spirit of {uniform(asked.user):.6f}."
    return json.dumps({name: rubric_text(opening, stated(rubrics[name])) for name in fields_of(asked.request)})


def proposal(world: World, asked: Asked) -> str:
    """GEPA's question for one instruction: critique and rewrite in one, from rows with the raters' comparison."""
    rubric = part("current_instruction", asked.user)
    found = [
        rule
        for text, name, side in EXAMPLE.findall(part("examples_with_feedback", asked.user))
        for rule in _found(world, name, 1 if side == "low" else -1, text.split(), {name: rubric})
    ]
    rules = _majority(stated(rubric), found)
    return json.dumps({"new_instruction": _written(world, "", rules, (rubric, *found))})


def _feedback(rules: Sequence[Rule]) -> str:
    return " ".join(rule.said() for rule in rules) or "Keep it as it is."


def _found(world: World, name: str, way: int, words: Sequence[str], rubrics: Mapping[str, str]) -> list[Rule]:
    """Rules that would move this text's score the right way: words that matter, now and then one that does not."""
    told = stated(rubrics[name])
    content = (name, " ".join(words), world.seed)
    relevant = [word for word in words if word in world.hidden[name] and told.get(word) != way]
    chosen = shuffled(relevant, "point", *content)[: world.points]
    strange = [word for word in words if word not in world.hidden[name]]
    return [
        Rule(name, shuffled(strange, word, *content)[0], way)
        if strange and uniform("distraction", word, *content) < world.distraction
        else Rule(name, word, way)
        for word in chosen
    ]


def _happens(share: float, name: str, rule: Rule, world: World) -> bool:
    return uniform("teaching", name, rule, world.seed) < share


def _diluted(world: World, rule: Rule, extras: int, prompt: str) -> Rule | None:
    if uniform("dilution", rule, prompt, world.seed) < after_extras(world.dilution, extras):
        return None
    if uniform("blur", rule, prompt, world.seed) < after_extras(world.blur, extras):
        return Rule("", rule.word, rule.way)
    return rule


def _heard(rules: Sequence[Rule], names: Sequence[str], world: World) -> dict[str, list[Rule]]:
    """The rules by criterion; one that names none is taken for one of those to be rewritten, whichever it may be."""
    heard: dict[str, list[Rule]] = {name: [] for name in names}
    for rule in rules:
        name = rule.criterion or shuffled(names, "guess", rule, world.seed)[0]
        if name in heard:
            heard[name].append(rule)
    return heard


def _majority(told: Mapping[str, int], rules: Sequence[Rule]) -> dict[str, int]:
    """Word -> the way that most say, the old rubric and each piece of feedback; even ones cancel."""
    votes = Counter(told)
    for rule in rules:
        votes[rule.word] += rule.way
    return {word: 1 if total > 0 else -1 for word, total in votes.items() if total}


def _home(world: World, name: str, word: str, names: Sequence[str], prompt: str) -> str | None:
    """Whose rubric a rule ends up in: its own criterion's, a neighbour's, or none."""
    content, extras = (name, word, prompt, world.seed), len(names) - 1
    if uniform("forgetting", *content) < after_extras(world.forgetting, extras):
        return None
    if uniform("mixing", *content) < after_extras(world.mixing, extras):
        return shuffled([each for each in names if each != name], "home", *content)[0]
    return name


def _written(world: World, name: str, rules: Mapping[str, int], content: Sequence[object]) -> str:
    if uniform("mishap", name, *content, world.seed) < world.mishaps:
        return NO_RUBRIC
    return rubric_text(OPENING, rules)
