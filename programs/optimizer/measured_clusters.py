"""The groups of criteria that a study's interference.json supports (`--judge clusters:FILE`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics.clustering import cluster
from programs.errors import UserError
from programs.records.folder import read_json
from signatures.records import Group


def clusters_in(path: Path, criteria: Sequence[str]) -> tuple[Group, ...]:
    """The clusters by the file's matrix of pairs for these criteria. Raises UserError where it has none, or several
    that differ."""
    matrices = [each for each in _matrices(path) if _covers(each, criteria)]
    if not matrices:
        raise UserError(
            f"--judge: {path} has no pairs of {', '.join(criteria)}: measure them with interference.py on a study of "
            "this task (--pairs on), or name the clusters"
        )
    try:
        found = {cluster(criteria, matrix) for matrix in matrices}
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): run interference.py again") from None
    if len(found) > 1:
        words = " or ".join(sorted(cluster_words(each) for each in found))
        raise UserError(f"--judge: the experiments in {path} disagree ({words}): name one as clusters:a+b,c")
    return found.pop()


def cluster_words(groups: Sequence[Group]) -> str:
    """Groups as the flag has them: `a+b,c`."""
    return ",".join("+".join(group) for group in groups)


def clusters_line(found: Mapping[str, Any]) -> str:
    """What a run that has measured its pairs found, for people."""
    if found["effects"] is None:
        return "criteria share one call: the run was stopped before all pairs of them were measured"
    return f"share a call, by pairs measured on {found['rows']} validation rows: {cluster_words(found['groups'])}"


def _matrices(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    try:
        return [each["pairs"] for each in content["experiments"] if each["pairs"] is not None]
    except (KeyError, TypeError):
        raise UserError(f"--judge: {path} is no interference.json of a study: give one") from None


def _covers(matrix: dict[str, Any], criteria: Sequence[str]) -> bool:
    return {*matrix} == {"mean", *(f"{a}|{b}" for a in criteria for b in criteria if a != b)}
