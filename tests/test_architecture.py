"""The house rules that code can check."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "signatures": {"signatures"},
    "metrics": {"metrics", "signatures"},
    "programs": {"programs", "metrics", "signatures"},
}
OURS = {"signatures", "metrics", "programs", "tests"}
FILES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


@cache
def nodes(path: Path) -> dict[type[ast.AST], list[Any]]:
    """All nodes of a file by their kinds."""
    found: dict[type[ast.AST], list[Any]] = {}
    for node in ast.walk(tree(path)):
        found.setdefault(type(node), []).append(node)
    return found


def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found = set()
    for node in nodes(path).get(ast.Import, []):
        found |= {alias.name.partition(".")[0] for alias in node.names}
    for node in nodes(path).get(ast.ImportFrom, []):
        assert node.level == 0, f"{path}: relative import"
        found.add(str(node.module).partition(".")[0])
    return found


def test_imports_go_one_way() -> None:
    ours = {path: imports(path) & OURS for path in FILES}
    wrong = {path: found - MAY_IMPORT[path.relative_to(ROOT).parts[0]] for path, found in ours.items()}
    assert not {str(path): found for path, found in wrong.items() if found}


def test_files_stay_small() -> None:
    lines = {str(path): text(path).count("\n") for path in FILES}
    assert not {path: count for path, count in lines.items() if count > 220}


def test_functions_stay_small() -> None:
    long = {}
    for path in FILES:
        for node in (*nodes(path).get(ast.FunctionDef, []), *nodes(path).get(ast.AsyncFunctionDef, [])):
            length = node.end_lineno - node.lineno + 1
            if length > 45:
                long[f"{path}: {node.name}"] = length
    assert not long


def test_nothing_below_modes_knows_a_modes_name() -> None:
    from programs.optimizer.modes import MODES

    for path in FILES:
        if path.name == "modes.py":
            continue
        for node in nodes(path).get(ast.Compare, []):
            named = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)} & set(MODES)
            assert not named, f"{path}:{node.lineno} compares with a mode's name: {named}"


def test_every_public_function_and_class_says_what_it_is_for() -> None:
    missing = []
    for path in FILES:
        for node in tree(path).body:
            public = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                missing.append(f"{path.name}: {node.name}")
    assert not missing
