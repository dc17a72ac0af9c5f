"""A small world in which better rubrics give better scores: each criterion is about four words that a rubric may name.

A text's rating is one more than how many of its criterion's words it holds. The judge counts the words that its rubric
names and guesses the others, so that its error falls with every word that a rubric states. Who reads cases with their
ratings notices a word now and then; who reads feedback that names words mostly takes them up; who reads neither guesses
among all words. Everything follows from the request (its seed included), so a run can be repeated. It says what an
optimizer spends its calls on, and nothing of how well real LMs write.
"""

import csv
import json
import re
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np

from tests.fake import Asked, fields_of, rubric_in

WORDS = {
    "clarity": ("amber", "birch", "cedar", "dune"),
    "depth": ("ember", "fjord", "grove", "heath"),
    "warmth": ("inlet", "juniper", "kelp", "lagoon"),
}
OTHERS = (
    "meadow",
    "nectar",
    "orchid",
    "pebble",
    "quartz",
    "reed",
    "slate",
    "thistle",
    "umber",
    "violet",
    "willow",
    "yarrow",
)
ALL = (*(word for words in WORDS.values() for word in words), *OTHERS)
KEPT, TAKEN, NOTICED = 0.9, 0.8, 0.5
"""How often a rewrite keeps a word, takes up one that feedback names, and a reader of cases notices one."""


class HiddenWords:
    """Answers every request; each reply takes `latency` seconds."""

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency

    def reply(self, asked: Asked) -> str:
        time.sleep(self.latency)
        if asked.stage == "loss":
            return "Some scores differ from the raters'."
        if asked.stage == "gradient":
            return self._feedback(asked)
        fields = fields_of(asked.request)
        if asked.stage == "judge":
            return json.dumps({name: score(name, rubric_in(asked.system, name), asked.user) for name in fields})
        return json.dumps({name: self._written(name, asked) for name in fields})

    def _feedback(self, asked: Asked) -> str:
        """Of each criterion that it is about, perhaps a word that the case holds and the rubric does not name."""
        found = []
        for name in re.findall(r"rubric for (.*?), three", asked.user)[-1].split(", "):
            stated = named(asked.user, WORDS[name])
            seen = [word for word in WORDS[name] if word not in stated and word in words_of(case_of(asked.user))]
            found += [f"{name} turns on {seen[0]}." for _ in seen[:1] if chance(asked, name) < NOTICED]
        return " ".join(found) or "The rubric is too general."

    def _written(self, name: str, asked: Asked) -> str:
        """A rubric, where the field is one; some text where a proposer asks for anything else."""
        prompt = f"{asked.system}\n{asked.user}"
        about = name if name in WORDS else criterion_of(prompt)
        if about is None or (name not in WORDS and "instruction" not in name):
            return "Texts of many words with three ratings each."
        words = [word for word in ALL if word in named(prompt, (*WORDS[about], *OTHERS)) and chance(asked, word) < KEPT]
        told = [
            word for word in re.findall(rf"{about} turns on (\w+)", prompt) if chance(asked, f"told {word}") < TAKEN
        ]
        return rubric([*words, *(told or self._found(about, asked, prompt, words))])

    def _found(self, about: str, asked: Asked, prompt: str, words: list[str]) -> list[str]:
        """What a writer without feedback comes upon: a word of the cases that it reads, or any word at all."""
        unnamed = [word for word in WORDS[about] if word not in words]
        if "turns on" in prompt or not unnamed:
            return []
        if any(word in words_of(re.sub(r"Look for [\w, ]+", "", prompt)) for word in ALL):
            return unnamed[:1] if chance(asked, "noticed") < NOTICED else []
        return [ALL[int(chance(asked, "guess") * len(ALL))]]


def score(name: str, rubric_text: str, text: str) -> int:
    """The judge's: one, each word that the rubric names and the text holds, and a guess for each that it does not."""
    held, stated = words_of(text), named(rubric_text, WORDS[name])
    return 1 + sum(word in held if word in stated else drawn(f"{text}|{word}") < 0.5 for word in WORDS[name])


def rubric(words: list[str]) -> str:
    return f"Look for {', '.join(dict.fromkeys(words))} in the text." if words else "Rate the text as a whole."


def named(text: str, words: tuple[str, ...]) -> set[str]:
    """Those of the words that some rubric in the text names."""
    return {word for listed in re.findall(r"Look for ([\w, ]+) in the text", text) for word in listed.split(", ")} & {
        *words
    }


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def case_of(user: str) -> str:
    found = re.search(r"<case>(.*?)</case>", user, flags=re.DOTALL)
    return found.group(1) if found else ""


def criterion_of(prompt: str) -> str | None:
    """Whose rubric a peer's proposer is asked for."""
    found = re.findall(rf"rubric for (?:one criterion, )?({'|'.join(WORDS)})", prompt)
    return found[-1] if found else None


def chance(asked: Asked, purpose: str) -> float:
    """A number in 0..1 that depends on the request and the purpose only."""
    return drawn(f"{asked.system}|{asked.user}|{asked.request.config.seed}|{purpose}")


def drawn(content: str) -> float:
    """In 0..1, independent of what other contents give (a checksum's bits are not: it is linear)."""
    return int.from_bytes(blake2b(content.encode(), digest_size=6).digest()) / 2**48


def write_rows(path: Path, rows: int, seed: int = 0) -> None:
    """A table of texts with their ratings: each word of the world is in half of them."""
    draw = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", *WORDS])
        for place in range(rows):
            held = [word for word in ALL if draw.random() < 0.5]
            ratings = [1 + len({*words} & {*held}) for words in WORDS.values()]
            writer.writerow([f"d{place}", f"Text {place}: {' '.join(draw.permutation(held))}", *ratings])
