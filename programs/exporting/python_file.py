"""An exported Python file: a template, and the source of our own functions that it calls."""

from collections.abc import Sequence
from typing import Any

from programs.exporting.calls import Exported
from programs.exporting.code import copied, import_block
from programs.exporting.page import render
from programs.optimizer.judge import TAGGED

TYPES = ("from collections.abc import Mapping, Sequence", "from typing import Any", "import re")
"""What every template of a Python file imports besides."""

DEFUSING = "programs/backends/markers.py"

JSON_READER = {
    "programs/backends/reply.py": (
        "CONFLICT", "_THOUGHT", "read_object", "without_thoughts", "_PLAIN", "_QUOTED", "_balanced", "_load",
        "_without_conflicts", "level_of",
    ),
    "programs/exporting/portable.py": ("read_json", "said_levels"),
}  # fmt: skip
MARKED_READER = {
    "programs/backends/reply.py": ("CONFLICT", "read_sections", "level_of"),
    "programs/exporting/portable.py": ("read_marked", "said_levels"),
}
EXPECTATIONS = {
    "metrics/logprobs.py": ("Token", "weights"),
    "metrics/expectation.py": (
        "Chances",
        "level_chances",
        "expected_score",
        "score_token",
        "_field",
        "_number",
        "_unfinished",
    ),
}


def defusing(adapter: str) -> tuple[str, ...]:
    """What keeps a text from passing for a part of the prompt, by the adapter's delimiters."""
    own = ("defused", "tag_pattern") if adapter in TAGGED else ("HEADER", "defused_headers")
    return ("CONTROL", "_OPENS", "_HIDDEN", "_ALIKE", *own, "_backslashed", "_folded", "_plain")


def python_file(template: str, exported: Exported, imports: Sequence[str] = (), **more: Any) -> str:
    """The file, with the import lines (of the standard library) of its template."""
    judge = exported.judge
    marked = judge.adapter == "chat"
    wanted = dict(MARKED_READER if marked else JSON_READER)
    own = ("filled", *wanted.pop("programs/exporting/portable.py"))
    wanted[DEFUSING] = defusing(judge.adapter)
    if exported.expects:
        wanted |= EXPECTATIONS
        own = (*own, "expectations")
    code = copied({**wanted, "programs/exporting/portable.py": own})
    reader = "read_marked" if marked else "read_json"
    block = import_block([*code.imports, *TYPES, *imports])
    return render(template, exported, code=code.text, imports=block, reader=reader, **more)
