"""Where a run's numbers come from: versions and the program's commit."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("judgegrad", "dspy", "numpy", "scipy", "datasets", "xllamacpp")


@cache
def provenance() -> dict[str, object]:
    """Versions of Python and the packages that matter, and the git commit of the program (None outside git)."""
    return {"versions": {"python": platform.python_version(), **_versions()}, "commit": _commit()}


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None
