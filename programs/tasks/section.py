"""Strict reading of one table of a TOML or JSON file: every mistake names the file and the key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from programs.errors import UserError, suggest


@dataclass(frozen=True)
class Section:
    """One table of a file. `where` says which, for error messages: `tasks.toml, criteria 2`."""

    where: str
    values: Mapping[str, object]

    def only(self, known: Iterable[str]) -> "Section":
        """This section, after refusing keys that mean nothing: a misspelt key must not be silently ignored."""
        known = tuple(known)
        for key in self.values:
            if key not in known:
                raise UserError(f"{self.where}: unknown key {key!r}{suggest(key, known)} (known: {', '.join(known)})")
        return self

    def text(self, key: str, default: str | None = None) -> str:
        """A text, stripped. Without a default, an absent or empty one is an error."""
        value = self.values.get(key, default)
        if value is None:
            raise UserError(f"{self.where}: '{key}' is missing")
        if not isinstance(value, str):
            raise UserError(f"{self.where}: '{key}' must be a text, not {value!r}")
        if not value.strip() and default is None:
            raise UserError(f"{self.where}: '{key}' is empty")
        return value.strip()

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts, or one text alone. They are names, so empty ones are refused."""
        value = self.values.get(key, list(default))
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise UserError(f"{self.where}: '{key}' must be a text or a list of texts, not {value!r}")
        return tuple(items)

    def scale(self) -> tuple[int, int]:
        """The lowest and highest level, under the key `scale`."""
        value = self.values.get("scale")
        match value:
            case [int(low), int(high)] if not isinstance(low, bool) and not isinstance(high, bool):
                return low, high
        raise UserError(f"{self.where}: 'scale' must be two whole numbers, like [1, 5], not {value!r}")

    def table(self, key: str) -> "Section":
        """The table under `key`, empty where absent."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise UserError(f"{self.where}: '{key}' must be a table, written [{key}]")
        return Section(f"{self.where}, {key}", value)

    def tables(self, key: str) -> list["Section"]:
        """The tables under `key`, at least one."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
            raise UserError(f"{self.where}: '{key}' must be one or more tables, each written [[{key}]]")
        return [Section(f"{self.where}, {key} {number}", item) for number, item in enumerate(value, start=1)]
