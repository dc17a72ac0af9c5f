"""What tests of the documentation share: the pages' texts and the code blocks in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[\w ]+): (?P<name>[\w ]+) -->\n)?```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """A code block: what the comment above it says, its language and its text."""

    mark: str
    name: str
    kind: str
    code: str


def blocks(page: Path) -> list[Block]:
    """All code blocks of a page that name their language, in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(each["mark"] or "", each["name"] or "", each["kind"], each["code"]) for each in found]
