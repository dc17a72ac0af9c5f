"""An LM that judges well alone, and a planted way in which another criterion's rubric may disturb it."""

import re
import zlib

from tests.fake import FakeEngine, rubric_in

NAMES = ("clear", "kind", "short")
LONG = "kind"
"""The criterion whose rewritten rubric is long."""
WORDS = 40


class PlantedEngine(FakeEngine):
    """Scores are the true level, at random in some rows: fewer under a rewritten rubric, and `harm` more of them where
    the other criteria's rubrics have over 40 words."""

    def __init__(self, harm: float) -> None:
        super().__init__(score=self.planted, rewrite=rewritten)
        self.harm = harm

    def planted(self, name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
        noise = 0.45 if rubric_in(system, name).startswith("Rate") else 0.15
        others = sum(len(rubric_in(system, other).split()) for other in NAMES if other != name)
        noise += self.harm if others > WORDS else 0
        if uniform("noisy", name, system, user) < noise:
            return levels[int(uniform("level", name, system, user) * len(levels))]
        found = re.search(rf"{name}=(\d)", user)
        return int(found.group(1)) if found else levels[0]


def uniform(*words: str) -> float:
    return zlib.crc32("|".join(words).encode()) / 2**32


def rewritten(name: str, system: str, user: str, levels: tuple[int, ...]) -> str:
    """A new rubric, another one for every feedback, whatever the request's words; that of `LONG` goes on and on."""
    version = zlib.crc32(user.partition("Now write")[0].encode()) % 1000
    return f"Judge how {name} it is, version {version}" + (", with every detail in mind" * 12 if name == LONG else "")
