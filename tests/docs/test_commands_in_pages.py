"""Every command that README and documentation tell to type is understood by its program."""

import re
import shlex
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.docs.pages import PAGES, ROOT, blocks

FLAG = re.compile(r"(?<![\w!<-])--[a-z][a-z-]+")
OTHERS = {"--enable-prefix-caching", "--port", "--backend-store-uri"}
"""Flags of other programs' commands."""


def commands() -> Iterator[tuple[str, str]]:
    """Page and command, continued lines joined."""
    for page in PAGES:
        for block in blocks(page):
            if block.kind == "sh":
                lines = block.code.replace("\\\n", " ").splitlines()
                yield from ((page.relative_to(ROOT).as_posix(), line) for line in lines if "programs/" in line)


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_a_command_is_understood(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    for place, word in enumerate(words):
        if found := re.fullmatch(r"programs/(\w+)\.py", word):
            import_module(f"programs.{found[1]}").parser().parse_args(words[place + 1 :])


def test_every_flag_that_a_page_names_exists() -> None:
    from docs.reference import parsers

    known = {flag for parser in parsers() for action in parser._actions for flag in action.option_strings} | OTHERS
    for page in PAGES:
        assert set(FLAG.findall(page.read_text(encoding="utf-8"))) <= known, page
