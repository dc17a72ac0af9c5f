"""A judge of an own table, on an engine whose scores depend on the sampling seed and may drift."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs import check
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.describe import task_from_flags
from tests.commands import run
from tests.fake import FakeEngine, fake_lm

Check = Callable[..., int]
FLAGS = ("question,answer", "helpful:1-5,polite:0-3")


class NoisyEngine(FakeEngine):
    """Every text has its level; one scoring in five is a level off, by the seed. `drift` is added for `helpful`.

    `silent` is the share of replies without a score of `polite`; after `most` requests every further one fails with
    `failure`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drift, self.silent = 0, 0.0
        self.most: int | None = None
        self.failure: BaseException = KeyboardInterrupt()

    def complete(self, request: Any) -> Any:
        if self.most is not None and len(self.asked) >= self.most:
            raise self.failure

        def score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
            if name == "polite" and luck("silent", user) < self.silent:
                return "none"
            moved = luck("noise", name, user, str(request.config)) < 0.2
            level = int(luck(name, user) * len(levels)) + moved + (self.drift if name == "helpful" else 0)
            return levels[min(level, len(levels) - 1)]

        self.score = score
        return super().complete(request)


def luck(*words: str) -> float:
    return zlib.crc32("|".join(words).encode()) / 2**32


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> NoisyEngine:
    engine = NoisyEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine, num_retries=0))
    return engine


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    path = tmp_path / "judge.json"
    save_judge(Judge(task_from_flags(*FLAGS, group="id")), path)
    return path


@pytest.fixture
def check_(monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs check.py outside GitHub Actions and gives its exit code."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return lambda *arguments: run(check.main, *arguments, monkeypatch=monkeypatch)


@pytest.fixture
def anchors(judge: Path, table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path) -> Path:
    """40 frozen rows, scored three times; the engine has forgotten that."""
    path = tmp_path / "anchors.json"
    assert check_(judge, "--freeze", path, "--data", table, "--rows", 40) == 0
    noisy.asked.clear()
    return path
