"""From flags to the LMs of the roles."""

from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.backends.local import LocalEngine
from programs.optimizer.cast import cast_roles, role_lm
from programs.optimizer.estimate import Plan
from programs.optimizer.modes import MODES, groups
from programs.records.calls import CallLog
from programs.settings import Settings, resolve
from tests.fake import fake_lm


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What `language_model` is asked for."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def language_model(name: str, **options: Any) -> dspy.LM:
        asked.append((name, options))
        return fake_lm()

    monkeypatch.setattr("programs.optimizer.cast.language_model", language_model)
    return asked


@pytest.mark.parametrize(
    ("flags", "name", "base"),
    [
        ({}, "local", None),
        ({"lm": "m", "api_base": "http://all"}, "m", "http://all"),
        ({"lm": "m", "api_base": "http://all", "judge_lm": "j"}, "j", "http://all"),
        ({"lm": "m", "api_base": "http://all", "judge_api_base": "http://own"}, "m", "http://own"),
        ({"lm": "m", "api_base": "http://all", "judge_lm": "local"}, "local", None),
        ({"lm": "m", "api_base": "http://all", "judge_lm": "local:/x.gguf"}, "local:/x.gguf", None),
    ],
)
def test_a_role_has_its_own_lm_and_server_or_those_of_all(
    named: list[tuple[str, dict[str, Any]]], flags: dict[str, str], name: str, base: str | None
) -> None:
    role_lm(resolve(flags), "judge")
    assert named == [(name, {"api_base": base, "num_retries": 3, "cache": True, "timeout": None})]


def test_temperatures_and_seed_are_the_settings(named: list[tuple[str, dict[str, Any]]]) -> None:
    roles = cast_roles(Settings(seed=5, loss_temperature=0.9, rater_temperature=0.0), CallLog())
    heat = {role: lm.kwargs["temperature"] for role, lm in roles.lms.items()}
    assert heat == {"judge": 0.1, "loss": 0.9, "gradient": 0.3, "rewrite": 0.7, "condense": 0.0, "rater": 0.0}
    assert roles.lms["judge"].kwargs["seed"] == 5
    assert "seed" not in roles.lms["rater"].kwargs


def test_the_papers_preset_is_the_papers_study() -> None:
    settings = resolve({"preset": "paper", "steps": 3})
    assert (settings.train_size, settings.val_size, settings.test_size) == (160, 100, 480)
    assert (settings.batch_size, settings.eval_every, settings.gate) == (3, 1, "mae")
    assert (settings.accept, settings.reserve, settings.steps) == ("not_worse", 0.0, 3)


def test_the_estimate_holds_the_papers_formulas() -> None:
    plans = {
        name: Plan(mode, ("a", "b", "c", "d"), len(groups(mode.judge, "abcd")), 1, 3, 10, 5, 20, 0).calls()
        for name, mode in MODES.items()
    }
    stages = {name: tuple(calls[role] for role in ("loss", "gradient", "rewrite")) for name, calls in plans.items()}
    assert stages == {
        "Single": (12, 12, 4),
        "SSS": (12, 12, 4),
        "SSC": (12, 12, 1),
        "SCC": (12, 3, 1),
        "CCC": (3, 3, 1),
    }
    assert plans["SSC"]["judge"] == 3 + 2 * 10 + 2 * 5 + 2 * 20
    assert plans["Single"]["judge"] == 4 * plans["SSC"]["judge"]


def test_only_the_roles_that_write_prose_are_kept_from_repeating_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    local = dspy.LM("local", engine=LocalEngine(Path("m.gguf")), cache=False)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: local)
    found = {role: role_lm(Settings(), role).engine.prose for role in ("judge", "loss", "gradient", "rewrite", "rater")}
    assert found == {"judge": False, "loss": True, "gradient": True, "rewrite": False, "rater": False}
