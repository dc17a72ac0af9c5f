"""How the simulated LM says things, and how it reads them in a prompt: nothing else passes between its calls."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

RULE = re.compile(r"(?:(\w+): )?(\w+) (raises|lowers) it\.")
COMPARED = re.compile(r"^- (\w+) \([-\d]+\): judge .*the judge is too (high|low)$", re.MULTILINE)
VERDICT = re.compile(r"(\w+): too (high|low)\.")
EXAMPLE = re.compile(r"'text': '([^']*)'.*?'Feedback': '(\w+): [^']*too (high|low) by")
WAY = {"raises": 1, "lowers": -1}


@dataclass(frozen=True)
class Rule:
    """That a word raises (1) or lowers (-1) a criterion. `criterion` is "" where it is not said which."""

    criterion: str
    word: str
    way: int

    def said(self) -> str:
        """As a sentence of a gradient; in a rubric it is clear which criterion is meant."""
        named = f"{self.criterion}: " if self.criterion else ""
        return f"{named}{self.word} {'raises' if self.way > 0 else 'lowers'} it."


def rules_in(text: str) -> list[Rule]:
    """The rules that a text states, in its order."""
    return [Rule(criterion, word, WAY[way]) for criterion, word, way in RULE.findall(text)]


def stated(rubric: str) -> dict[str, int]:
    """Word -> way of the rules that a rubric states."""
    return {rule.word: rule.way for rule in rules_in(rubric)}


def rubric_text(opening: str, rules: Mapping[str, int]) -> str:
    """A rubric that states the rules."""
    return " ".join([opening, *(Rule("", word, way).said() for word, way in sorted(rules.items()))])


def verdicts_said(found: Iterable[tuple[str, str]]) -> str:
    """A critique: which criteria were scored too high or too low."""
    return " ".join(f"{name}: too {side}." for name, side in found) or "The scores are right."


def part(tag: str, prompt: str) -> str:
    """What stands between the first pair of these tags, "" where there is none."""
    found = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", prompt, re.DOTALL)
    return found.group(1) if found else ""


def listed(text: str) -> list[str]:
    """The items of a list."""
    return [item.removeprefix("- ") for item in re.split(r"\n(?=- )", text) if item]


def rubrics_listed(text: str) -> dict[str, str]:
    """Criterion -> rubric, from the rubric that a critic is shown."""
    return {name: rubric for name, _, rubric in (item.partition(": ") for item in listed(text))}
