"""Finished studies of arms on a task with sealed rows, and confirm.py run on them."""

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from programs import confirm, study
from tests.commands import answered_by, run, write_table
from tests.fake import FakeEngine, fake_lm
from tests.studies.test_sealed import SEALED

LANGUAGE_MODEL = "programs.optimizer.cast.language_model"


def finished_study(root: Path, arms: str, engine: Callable[[], FakeEngine] = FakeEngine) -> Path:
    """The runs folder of a study `abl` whose file says `arms`."""
    write_table(root / "rated.csv")
    (root / "own.toml").write_text(SEALED)
    (root / "abl.toml").write_text(f'tasks = "{root}/own.toml"\n{arms}')
    with answered_by(engine) as patch:
        patch.setattr("programs.studies.session.write_results", lambda *_: [])  # confirm.py does not read them
        assert run(study.main, root / "abl.toml", "--runs-dir", root / "runs", "--yes", monkeypatch=patch) == 0
    return root / "runs"


class Confirm:
    """Runs confirm.py on the study and reads what it leaves. The last of `engines` answers."""

    def __init__(self, runs: Path, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine | None = None) -> None:
        self.path, self._patch = runs / "abl", monkeypatch
        self.engines = [engine or FakeEngine()]
        monkeypatch.setattr(LANGUAGE_MODEL, lambda *_, **__: fake_lm(self.engines[-1]))

    def __call__(self, *arguments: object, yes: bool = True) -> int:
        sure = ["--yes"] if yes else []
        flags = [self.path.name, "--runs-dir", self.path.parent, "--threads", 2, *arguments, *sure]
        return run(confirm.main, *flags, monkeypatch=self._patch)

    @property
    def openings(self) -> list[dict[str, Any]]:
        file = self.path / "confirmation.json"
        return list(json.loads(file.read_text())["openings"]) if file.exists() else []


@dataclass(frozen=True)
class Opened:
    """An opening that several tests read, and what was printed for it. Not to be changed."""

    confirm: Confirm
    out: str
    err: str

    @property
    def results(self) -> dict[str, Any]:
        return dict(self.confirm.openings[-1]["results"])


def opened_once(made: Path, root: Path, *plan: object, engine: FakeEngine | None = None) -> Opened:
    """The plan, confirmed on a copy of the study in `root`."""
    runs, out, err = Path(shutil.copytree(made, root / "runs")), io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        confirm = Confirm(runs, patch, engine)
        assert confirm(*plan) == 0
    return Opened(confirm, out.getvalue(), err.getvalue())
