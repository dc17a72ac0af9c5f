"""Our own functions as source text, for files that import nothing of this project."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("signatures", "metrics", "programs")


@dataclass(frozen=True)
class Code:
    """Source text, and the import lines that it needs."""

    imports: tuple[str, ...]
    text: str


def copied(wanted: Mapping[str, Sequence[str]]) -> Code:
    """The top-level definitions named for each file (path below the project's root -> names), in that order.

    A definition is taken with the text that documents it. Raises KeyError for a name that the file does not define.
    """
    parts: list[str] = []
    imports: dict[str, str] = {}
    for path, names in wanted.items():
        found, importing = _definitions(path)
        parts += [found[name] for name in names]
        imports |= importing
    text = "\n\n\n".join(parts)
    return Code(tuple(line for name, line in imports.items() if re.search(rf"\b{name}\b", text)), text)


def import_block(lines: Sequence[str]) -> str:
    """Import lines of the standard library, merged and in the usual order."""
    plain = sorted({line for line in lines if line.startswith("import ")})
    merged: dict[str, set[str]] = {}
    for line in set(lines) - set(plain):
        module, names = re.fullmatch(r"from (\S+) import (.+)", line).groups()  # type: ignore[union-attr]
        merged.setdefault(module, set()).update(names.split(", "))
    named = [f"from {module} import {', '.join(sorted(merged[module]))}" for module in sorted(merged)]
    return "\n".join([*plain, *named])


@cache
def _definitions(path: str) -> tuple[dict[str, str], dict[str, str]]:
    """What a file defines (name -> source), and what it imports from outside (name -> import line)."""
    source = (ROOT / path).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    imports: dict[str, str] = {}
    last = ""
    for node in ast.parse(source).body:
        segment = ast.get_source_segment(source, node) or ""
        if isinstance(node, ast.Import):
            imports |= {alias.name: f"import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            outside = str(node.module).partition(".")[0] not in OURS
            imports |= {each.name: f"from {node.module} import {each.name}" for each in node.names if outside}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = segment
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            last = node.targets[0].id
            found[last] = segment
        elif isinstance(node, ast.Expr) and last:
            found[last] += f"\n{segment}"
    return found, imports
