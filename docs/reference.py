"""Writes the site's reference: a page a command from its parser, a page a package from its docstrings."""

import argparse
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("signatures", "metrics", "programs")


def write_reference(folder: Path) -> None:
    """All pages of the reference into `folder`: `commands/NAME.md` and `api/PACKAGE.md`."""
    for name, page in {**command_pages(), **package_pages()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")


def command_pages() -> dict[str, str]:
    """`{"commands/NAME.md": Markdown}`."""
    return {f"commands/{Path(parser.prog).stem}.md": command_page(parser) for parser in parsers()}


def parsers() -> list[argparse.ArgumentParser]:
    """Those of all commands: of every module in `programs/` that has a `parser()`."""
    names = [found.name for found in pkgutil.iter_modules([str(ROOT / "programs")]) if not found.ispkg]
    modules = [importlib.import_module(f"programs.{name}") for name in names]
    return [module.parser() for module in modules if hasattr(module, "parser")]


def command_page(parser: argparse.ArgumentParser) -> str:
    """What `--help` says, its flags as one table a group."""
    required = [shown(action) for action in parser._actions if action.required]
    tables = [table for group in parser._action_groups for table in flags_table(group)]
    return (
        f"# {parser.prog}\n\n{parser.description}\n\n"
        f"```sh\npython programs/{' '.join([parser.prog, *required, '[flags]'])}\n```\n\n" + "\n".join(tables)
    )


def flags_table(group: argparse._ArgumentGroup) -> Iterator[str]:
    """The group's flags but `--help`; nothing for a group without one."""
    rows = [
        f"| `{shown(action)}` | {escaped(action.help or '')} |"
        for action in group._group_actions
        if action.dest != "help"
    ]
    if rows:
        yield f"## {headed(group)}\n\n| flag | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"


def headed(group: argparse._ArgumentGroup) -> str:
    """The group's title with a capital; "options" are those that argparse puts in no group."""
    title = group.title or ""
    return title[:1].upper() + title[1:]


def shown(action: argparse.Action) -> str:
    """A flag with what it takes: `--seed SEED`, `--guard {on,off}`; a positional by its name alone."""
    takes = action.metavar or action.dest.upper()
    if action.choices and not action.metavar:
        takes = f"{{{','.join(action.choices)}}}"
    if action.nargs == 0:
        takes = ""
    return " ".join(word for word in (*action.option_strings[:1], str(takes)) if word)


def escaped(text: str) -> str:
    """Plain text as a cell of a table."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", text).replace("<", "&lt;").replace("%%", "%")


def package_pages() -> dict[str, str]:
    """`{"api/PACKAGE.md": Markdown}`: one directive a module, from which the build takes the docstrings."""
    folders = sorted(path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py"))
    return {f"api/{dotted(folder)}.md": package_page(folder) for folder in folders}


def package_page(folder: Path) -> str:
    modules = sorted(path for path in folder.glob("*.py") if path.stem != "__init__")
    return f"# {dotted(folder)}\n\n" + "\n".join(f"::: {dotted(path.with_suffix(''))}\n" for path in modules)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parts)
