"""Every public function and class of the metrics is named in a property test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import metrics

HERE, METRICS = Path(__file__).parent, Path(metrics.__file__).parent

DATA = {
    "Rewritten", "Change", "Estimate", "Metric", "PairEffects", "OverRuns", "PairedComparison", "Divided",
    "AgainstOthers", "Side", "Occasions", "Needed", "Point", "Target", "Cells", "ClusterTables", "Ties", "Measure",
    "Bounds",
}  # fmt: skip
"""What functions under test return or are given: no property test has to name it."""


def public(path: Path) -> Iterator[str]:
    for each in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(each, (ast.FunctionDef, ast.ClassDef)) and not each.name.startswith("_"):
            yield f"{path.stem}.{each.name}"


def named(path: Path) -> Iterator[str]:
    """What a test imports of the metrics, and what it uses of modules that it imports whole."""
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("metrics."):
            yield from (f"{str(each.module).removeprefix('metrics.')}.{name.name}" for name in each.names)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            yield f"{each.value.id}.{each.attr}"


def test_every_metric_has_a_property() -> None:
    wanted = {name for path in METRICS.glob("*.py") for name in public(path) if name.partition(".")[2] not in DATA}
    found = {name for path in HERE.glob("test_*.py") for name in named(path)}
    assert len(wanted) > 140
    missing = sorted(wanted - found)
    assert not missing
