"""pyproject.toml and constraints.txt: every dependency is bounded and has its reason, and the lock is whole."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.reliability.dependencies import LOCK, asked_for, locked, needed, outside, unbounded, without_reason


def test_every_dependency_is_bounded_above_and_has_its_reason() -> None:
    assert unbounded(asked_for()) == []
    assert without_reason() == []


def test_the_lock_fits_the_bounds_and_names_all_that_they_ask_for() -> None:
    versions = locked()
    assert outside(asked_for(), versions) == []
    program = {canonicalize_name(each.name) for each in asked_for() if each.name not in ("setuptools", *CLUSTER)}
    assert program <= set(versions)


def test_the_lock_names_no_host_and_no_path() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert not any(word in text for word in ("://", "@", "--index", "--find", "--extra", "/"))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or sys.platform != "linux", reason="the lock is of another Python")
def test_what_is_installed_is_locked() -> None:
    """Not the same versions, which another machine may not have: the same names."""
    assert set(needed()) - set(locked()) <= {"ray"}


CLUSTER = ("ray", "aiohttp", "mlflow-skinny", "sqlalchemy", "alembic")
"""Of extras that are not locked by themselves."""


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "pyproject.toml"
    bad.write_text(
        '[build-system]\nrequires = ["setuptools>=77,<100"]  # builds\n[project]\nname = "judgegrad"\n'
        'dependencies = [\n    "numpy>=2",\n    "scipy>=1,<2",  # ranks\n]\n'
        '[project.optional-dependencies]\ntest = [\n    "pytest>=8,<9",\n]\n'
    )
    asked = asked_for(bad)
    assert unbounded(asked) == ["numpy"]
    assert without_reason(bad) == ["numpy", "pytest"]
    assert outside(asked, {"scipy": "2.1", "numpy": "2.4"}) == ["scipy<2,>=1 is locked to 2.1"]
    lock = tmp_path / "constraints.txt"
    lock.write_text("numpy>=2\n")
    with pytest.raises(ValueError, match="no exact version"):
        locked(lock)


def test_an_extra_of_a_bounded_package_is_bounded() -> None:
    assert unbounded([Requirement("dspy>=3,<4"), Requirement("dspy[optuna]")]) == []
