"""`--constrain length`: rubrics that share a prompt are kept within a common length, and its placebo.

In the paper one criterion's rubric grew to 800 tokens and another's stayed at 4, and it suggests synthesis that minds
the length (arXiv 2605.26046). An LM says an over-long rubric in fewer words, and completes one that says too little
from the gradients that concern it; nothing is cut. What it writes stands only if it is a rubric of the length wanted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import dspy
from dspy.utils.exceptions import AdapterParseError

from metrics.tokens import count_tokens
from programs.backends.adapter import CompactAdapter
from programs.optimizer.estimate import Plan
from programs.optimizer.guards import GUARDS
from programs.optimizer.plugs import Constrain, Moment, unconstrained
from programs.optimizer.shown import feedback_about
from programs.records.unanswered import NO_REPLY
from programs.settings import Settings
from signatures.condense import Condense, Extend, condense_request, extend_request
from signatures.records import Criterion, Note, Rubric

BAND = 1.5
"""A length is left alone up to so many times the target, and down to the target over it. What is changed is asked to
meet the target, so it does not leave the band again for a word."""

LEAST_CONDENSED = 40
"""Tokens below which the median is no target to condense to: a sentence on what to look for, and one on the levels. The
initial rubrics have 8, and a rewritten one is not to be condensed to that because the others are not rewritten yet."""

Lengths = Mapping[str, int]
"""Criterion -> tokens of its rubric, for those that share a prompt."""

Wanted = Callable[[Lengths, Sequence[str], int | None], dict[str, int]]
"""All lengths of a prompt, the criteria whose rubrics may change, a given target -> tokens of those that are to."""


def equalized(lengths: Lengths, free: Sequence[str], given: int | None = None) -> dict[str, int]:
    """The target, for those outside the band around it: the given one, or the median of all lengths.

    >>> equalized({"a": 50, "b": 60, "c": 400, "d": 8}, ("a", "b", "c", "d"))
    {'c': 55, 'd': 55}
    """
    target = given or round(median(lengths.values()))
    least = given or max(target, LEAST_CONDENSED)
    longer = {name: least for name in free if lengths[name] > least * BAND}
    shorter = {name: target for name in free if lengths[name] < target / BAND}
    return longer | shorter


def shrunk(lengths: Lengths, free: Sequence[str], given: int | None = None) -> dict[str, int]:
    """The placebo: where `equalized` would act, all get the same share of their length, by which they have together
    what they would have then. So the total is that of the remedy and the ratios are what they were. Never longer.

    >>> shrunk({"a": 50, "b": 60, "c": 400}, ("a", "b", "c"))
    {'a': 17, 'b': 20, 'c': 133}
    """
    wanted = equalized(lengths, free, given)
    before = sum(lengths[name] for name in free)
    share = min(1.0, sum(wanted.get(name, lengths[name]) for name in free) / before) if wanted else 1.0
    return {name: max(1, round(lengths[name] * share)) for name in free} if wanted else {}


def in_band(tokens: int, target: int) -> bool:
    return target / BAND <= tokens <= target * BAND


@dataclass(frozen=True)
class Constrainer:
    """Constrains by what `wanted` says of the lengths of each of the judge's prompts.

    Only what the step has rewritten may change. What the guard would refuse is left to it: condensed, it might pass.
    """

    wanted: Wanted
    target: int | None = None

    def __call__(self, proposal: Rubric, gradients: Sequence[Note], moment: Moment) -> Rubric:
        judge, sound = moment.judge, _sound(proposal, moment)
        lengths = {name: count_tokens(text) for name, text in {**judge.rubric, **sound}.items()}
        wanted: dict[str, int] = {}
        for group in judge.groups:
            shared = {name: lengths[name] for name in group}
            wanted |= self.wanted(shared, [name for name in group if name in sound], self.target)
        wishes = [
            Wish(criterion, sound[criterion.name], wanted[criterion.name], feedback_about((criterion.name,), gradients))
            for criterion in judge.task.criteria
            if criterion.name in wanted
        ]
        asked = [wish for wish in wishes if not wish.longer or wish.feedback]
        said = _said(asked, moment)
        fitting = {wish.criterion.name: text for wish, text in zip(asked, said, strict=True) if wish.met_by(text)}
        new = _sound(fitting, moment)
        accepted = [wish for wish in asked if wish.criterion.name in new]
        after = lengths | {name: count_tokens(text) for name, text in new.items()}
        moment.told["constrain"] = {
            "condensed": sum(not wish.longer for wish in accepted),
            "extended": sum(wish.longer for wish in accepted),
            "refused": len(asked) - len(accepted),
            "without_feedback": len(wishes) - len(asked),
            "tokens_before": sum(lengths.values()),
            "tokens_after": sum(after.values()),
            "before": lengths,
            "after": after,
        }
        return {**proposal, **new}


@dataclass(frozen=True)
class Wish:
    """A rubric to be said again in about so many tokens; `feedback` is what gradients say of it."""

    criterion: Criterion
    text: str
    tokens: int
    feedback: Sequence[str]

    @property
    def longer(self) -> bool:
        return self.tokens > count_tokens(self.text)

    @property
    def words(self) -> int:
        """The length in words, which an LM can count better: as many to a token as this text has."""
        return max(1, self.tokens * len(self.text.split()) // count_tokens(self.text))

    def met_by(self, text: str) -> bool:
        """Whether a text is as long as it was to be."""
        return in_band(count_tokens(text), self.tokens)

    def say(self) -> str:
        """What the LM writes, or "" where it wrote nothing or was cut off."""
        try:
            if not self.longer:
                request = condense_request(self.criterion, self.words)
                return dspy.Predict(Condense)(rubric=self.text, request=request)["shorter"]
            request = extend_request(self.criterion, self.words)
            return dspy.Predict(Extend)(rubric=self.text, feedback=list(self.feedback), request=request)["longer"]
        except (AdapterParseError, *NO_REPLY):
            return ""


def _said(asked: Sequence[Wish], moment: Moment) -> list[str]:
    search, most = moment.search, len(moment.judge.task.criteria)
    with search.roles.playing("condense"), dspy.context(adapter=CompactAdapter(moment.judge.schema)):
        return search.pool.map("condense", Wish.say, list(asked), most)


def _sound(rubric: Rubric, moment: Moment) -> Rubric:
    return GUARDS["on"](moment.judge, moment.batch, rubric)[0]


CONSTRAINTS: Mapping[str, Callable[[Settings], Constrain]] = {
    "none": lambda settings: unconstrained,
    "length": lambda settings: Constrainer(equalized, settings.length_target),
    "length-placebo": lambda settings: Constrainer(shrunk, settings.length_target),
}
"""The choices of `--constrain`."""


def constraining_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """A run's most calls: every rubric of every step is said again."""
    return {} if settings.constrain == "none" else {"condense": plan.steps * len(plan.criteria)}
