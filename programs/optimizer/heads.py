"""How a judge's criteria are divided among its calls, and its prompt laid out: by the mode, or as `--judge` says."""

from collections.abc import Sequence
from pathlib import Path

from programs.errors import UserError, suggest
from programs.optimizer.measured_clusters import cluster_words, clusters_in
from programs.optimizer.modes import Mode, groups
from programs.settings import DECISION, LAYOUTS
from signatures.records import Group

OWN = "mode"
"""The mode's own division; of a saved judge, the one it was saved with."""

LETTERS = {"joint": "C", "separate": "S", "isolated": "S", DECISION: "C"}
MEASURED = "clusters"
"""Groups that a run finds by measurement before its search."""

NAMED = f"{MEASURED}:"
"""Before groups, or before the file that supports some."""


def judge_groups(division: str, mode: Mode, criteria: Sequence[str]) -> tuple[Group, ...]:
    """The groups of a run's judge; where they are yet to be measured, as many as there can be. Raises UserError as
    `divided` does."""
    return groups("S", criteria) if division == MEASURED else known_groups(division, mode, criteria)


def known_groups(division: str, mode: Mode, criteria: Sequence[str]) -> tuple[Group, ...]:
    """The same where nothing is left to be measured. Raises UserError as `divided` does."""
    return groups(mode.judge, criteria) if division == OWN else divided(division, criteria)


def largest_groups(division: str, mode: Mode, criteria: Sequence[str]) -> tuple[Group, ...]:
    """The same, but as large as they can be."""
    return groups("C", criteria) if division == MEASURED else judge_groups(division, mode, criteria)


def settled(division: str, criteria: Sequence[str]) -> str:
    """The division as a run keeps it: the clusters that a file holds by their names, since the file may change."""
    if division.startswith(NAMED) and division.endswith(".json"):
        return NAMED + cluster_words(divided(division, criteria))
    return division


def layout(division: str, adapter: str) -> str:
    """The prompt layout (the name of an adapter) of a judge that had another. Raises UserError where they do not go
    together."""
    if division not in LAYOUTS:
        return "compact" if adapter in LAYOUTS.values() and division != OWN else adapter
    if adapter not in ("compact", *LAYOUTS.values()):
        raise UserError(f"--judge {division} is a layout of its own and takes no --adapter {adapter}: give one of them")
    return LAYOUTS[division]


def divided(division: str, criteria: Sequence[str]) -> tuple[Group, ...]:
    """The groups of criteria that share a call, by a word, `clusters:a+b,c` or `clusters:FILE` (an interference.json).

    Raises UserError for another word, and for clusters that do not name each criterion once.

    >>> divided("clusters:a+c,b", ["a", "b", "c"])
    (('a', 'c'), ('b',))
    """
    if division in LETTERS:
        return groups(LETTERS[division], criteria)
    if division == MEASURED:
        raise UserError(
            f"--judge {MEASURED} alone is measured by optimize.py, on validation rows: here name them, {NAMED}a+b,c"
        )
    if not division.startswith(NAMED):
        known = (OWN, *LETTERS, MEASURED)
        near = suggest(division, known)
        raise UserError(f"--judge: unknown '{division}': use {', '.join(known)}, {NAMED}a+b,c or {NAMED}FILE{near}")
    if division.endswith(".json"):
        return clusters_in(Path(division.removeprefix(NAMED)), criteria)
    clusters = tuple(
        tuple(name.strip() for name in cluster.split("+")) for cluster in division.removeprefix(NAMED).split(",")
    )
    named = [name for cluster in clusters for name in cluster]
    for name in [*named, *criteria]:
        if name not in criteria:
            raise UserError(f"--judge: '{name}' is no criterion: use {', '.join(criteria)}{suggest(name, criteria)}")
        if named.count(name) != 1:
            raise UserError(f"--judge: the clusters name {name} {named.count(name)} times: name each criterion once")
    return clusters
