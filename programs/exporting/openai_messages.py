"""Chat completions as JSON: messages with placeholders, the reply's schema, and the parameters of the run.

JSON has no comments, so how to fill the requests in stands in the file as lines of Python, which a test runs.
"""

import json

from programs.exporting.calls import Exported
from programs.exporting.code import copied, import_block
from programs.exporting.python_file import DEFUSING, defusing
from programs.optimizer.judge import TAGGED

USE = """\
judge = json.loads(Path({file}).read_text(encoding="utf-8"))
row = {row}
texts = {{mark: {text} for name, mark in judge["placeholders"].items()}}
bodies = [{{**each, "messages": filled(each["messages"], texts)}} for each in judge["requests"]]
# POST each to /v1/chat/completions. A value in a reply that is not among its criterion's scale is no score."""


def write(exported: Exported, name: str) -> dict[str, str]:
    """One JSON file: `requests` are bodies for /v1/chat/completions, one an LM call that a row takes."""
    model = {"model": exported.model} if exported.model else {}
    content = {
        "about": list(exported.about),
        "use": _use(exported, name).splitlines(),
        "placeholders": dict(exported.marks),
        "scales": {criterion: list(levels) for each in exported.calls for criterion, levels in each.scales.items()},
        "requests": [{**model, "messages": each.messages, **each.options} for each in exported.calls],
    }
    return {"": json.dumps(content, indent=1, ensure_ascii=False) + "\n"}


def _use(exported: Exported, file: str) -> str:
    """Python that fills the requests in for a row."""
    tagged = exported.judge.adapter in TAGGED
    code = copied({DEFUSING: defusing(exported.judge.adapter), "programs/exporting/portable.py": ["filled"]})
    use = USE.format(
        file=json.dumps(file),
        row=json.dumps(dict.fromkeys(exported.inputs, "...")),
        text="defused(row[name], row)" if tagged else "defused_headers(row[name])",
    )
    return f"{import_block([*code.imports, 'import json', 'from pathlib import Path'])}\n\n\n{code.text}\n\n\n{use}"
