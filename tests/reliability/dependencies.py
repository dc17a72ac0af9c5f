"""What pyproject.toml asks for, what constraints.txt holds, and what is installed: read and compared."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "constraints.txt"
HEADER = """\
# The versions that the tests ran with (Python 3.11, Linux): pip install -c constraints.txt -e ".[local,test]"
# Written by: python -m tests.reliability.audit lock
"""
EXTRAS = ("local", "test")
ABOVE = ("<", "<=", "==", "~=")


def asked_for(path: Path = PYPROJECT) -> list[Requirement]:
    """Every requirement of pyproject.toml but the project itself: of the program, its extras and its build."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    extras = table["project"]["optional-dependencies"]
    return [*map(Requirement, table["build-system"]["requires"]), *_of_project(table["project"], extras)]


def _of_project(project: Mapping[str, Any], extras: Iterable[str]) -> list[Requirement]:
    """What the program needs, with extras, which may name other extras."""
    wanted, found = list(extras), list(map(Requirement, project["dependencies"]))
    for extra in wanted:
        for each in map(Requirement, project["optional-dependencies"][extra]):
            if each.name == project["name"]:
                wanted += [other for other in sorted(each.extras) if other not in wanted]
            else:
                found.append(each)
    return found


def unbounded(asked: Iterable[Requirement]) -> list[str]:
    """Those that any later version would satisfy. A name with extras alone (dspy[optuna]) is bounded elsewhere."""
    bounded = {each.name for each in asked if any(one.operator in ABOVE for one in each.specifier)}
    return sorted({each.name for each in asked} - bounded)


def without_reason(path: Path = PYPROJECT) -> list[str]:
    """Requirements whose line has no comment, and neither has the one before them in the same list."""
    found, commented = [], False
    for line in path.read_text(encoding="utf-8").split("\n"):
        names = re.findall(r'"([A-Za-z][\w.-]*)(?:\[[\w,]*\])?(?:[<>=~!][^"]*)?"', line)
        requirement = bool(names) and re.match(r'\s*(?:requires = \[|\w+ = \[)?\s*"', line) is not None
        if "#" in line:
            commented = True
        elif requirement and re.search(r'"[\w.-]+(?:\[[\w,]+\])?[<>=~!]', line) and not commented:
            found += names
        elif not line.strip().startswith('"'):
            commented = False
    return found


def locked(path: Path = LOCK) -> dict[str, str]:
    """Name -> version. Raises ValueError for a line that is neither a comment nor one exact version."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        if not (match := re.fullmatch(r"([a-z0-9][a-z0-9.-]*)==([\w.+!]+)", line)):
            raise ValueError(f"{path.name}: {line!r} is no exact version")
        found[match[1]] = match[2]
    return found


def outside(asked: Iterable[Requirement], versions: Mapping[str, str]) -> list[str]:
    """Requirements that the locked version does not satisfy; what is not locked is an extra that is not locked."""
    known = [(each, versions[name]) for each in asked if (name := canonicalize_name(each.name)) in versions]
    return [f"{each} is locked to {version}" for each, version in known if not _fits(each, version)]


def _fits(requirement: Requirement, version: str) -> bool:
    return requirement.specifier.contains(version, prereleases=True)


def needed(extras: Iterable[str] = EXTRAS) -> dict[str, str]:
    """Name -> installed version of all that the project needs here with these extras, and what that needs in turn."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    waiting = [(each.name, frozenset(each.extras)) for each in _of_project(project, extras)]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = entry = waiting.pop()
        if entry in done:
            continue
        done.add(entry)
        distribution = metadata.distribution(name)
        found[canonicalize_name(name)] = distribution.version
        for each in map(Requirement, distribution.requires or ()):
            if any(_applies(each, extra) for extra in (*wanted, "")):
                waiting += [(canonicalize_name(each.name), frozenset(each.extras))]
    return dict(sorted(found.items()))


def write_lock(path: Path = LOCK) -> int:
    """Writes what is installed of what is needed. Returns how many versions that are."""
    versions = needed()
    path.write_text(HEADER + "".join(f"{name}=={version}\n" for name, version in versions.items()), encoding="utf-8")
    return len(versions)


def licences(names: Iterable[str]) -> dict[str, str]:
    """Name -> licence as its package states it: an expression, a classifier, or the first words of its text."""
    return {name: _licence(metadata.metadata(name)) for name in names}


def _licence(stated: metadata.PackageMetadata) -> str:
    every = stated.get_all("Classifier") or ()
    classifiers = [each.rpartition(" :: ")[2] for each in every if each.startswith("License ::")]
    text = (stated.get("License") or "").strip().split("\n")[0][:60]
    return stated.get("License-Expression") or ", ".join(classifiers) or text or "not stated"


def _applies(requirement: Requirement, extra: str) -> bool:
    environment: dict[str, str] = {**default_environment(), "extra": extra}  # type: ignore[dict-item]
    return requirement.marker is None or requirement.marker.evaluate(environment)
