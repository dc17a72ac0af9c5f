"""A parser whose mistakes are one line, and the numbers that flags take."""

import argparse
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from programs.errors import UserError, suggest

_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
_WORD = re.compile(r"[\w-]+")


class Parser(argparse.ArgumentParser):
    """Full flag names only; a mistake is one line (UserError), with a suggestion where one is near."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            allow_abbrev=False, argument_default=argparse.SUPPRESS, formatter_class=argparse.HelpFormatter, **kwargs
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse has it, but a flag with an empty value is a mistake: it is not as if it were left out."""
        found = super().parse_args(args, namespace)
        for action in self._actions:
            value = getattr(found, action.dest, None)
            if action.option_strings and isinstance(value, str) and not value.strip():
                raise UserError(f"{action.option_strings[-1]} is empty: give it a value, or leave the flag out")
        return found

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        if choice := _CHOICE.search(message):
            raise UserError(message + suggest(choice[1], _WORD.findall(choice[2])) + " (--help lists the flags)")
        wrong = [word for word in message.split() if word.startswith("--")] if "unrecognized" in message else []
        raise UserError(message + "".join(suggest(word, flags) for word in wrong[:1]) + " (--help lists the flags)")


def whole(least: int) -> Callable[[str], int]:
    """A whole number of at least `least`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if not least <= value < 2**31:
            raise argparse.ArgumentTypeError(f"{value} is out of range: at least {least}, below 2147483648")
        return value

    return read


def number(least: float, most: float = math.inf) -> Callable[[str], float]:
    """A number from `least` to `most`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
        if not (math.isfinite(value) and least <= value <= most):
            raise argparse.ArgumentTypeError(f"{text} is out of range: {least:g} to {most:g}")
        return value

    return read
