"""The GitHub Actions example is a workflow, and its commands are ones that check.py understands."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from programs.check import parser
from programs.checking.tolerance import read_tolerance

FILE = Path(__file__).parents[2] / "docs" / "examples" / "judge-drift.yml"


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load(FILE.read_text())
    assert {"name", "jobs", True} <= set(workflow)  # YAML 1.1 reads the key `on` as true
    (job,) = workflow["jobs"].values()
    assert job["runs-on"]
    return list(job["steps"])


def commands() -> list[list[str]]:
    commented = " ".join(line.lstrip("# ") for line in FILE.read_text().splitlines() if line.startswith("#  "))
    frozen = commented.partition("python programs/check.py")
    runs = [shlex.split(step["run"]) for step in steps() if "run" in step]
    return [*runs, shlex.split("".join(frozen[1:]))]


def test_every_step_does_something_with_the_keys_that_actions_know() -> None:
    for step in steps():
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"name", "uses", "run", "with", "env", "if"}


def test_its_commands_parse() -> None:
    checks = [words[2:] for words in commands() if words[:2] == ["python", "programs/check.py"]]
    checked, frozen = (vars(parser().parse_args(words)) for words in checks)
    assert checked["anchors"] == frozen["freeze"]
    assert read_tolerance(checked["tolerance"])
    kept = next(step["with"]["path"] for step in steps() if "upload-artifact" in step.get("uses", ""))
    assert checked["out"] == kept
