"""What a person sees: progress on standard error, results on standard output."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

WIDE = 400
"""Columns of a console that is no terminal: tables in logs and pipes are never cut."""

Tokens = Callable[[], int]


class Screen:
    """Progress bars on a terminal, plain lines elsewhere; `quiet` shows no progress at all."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.errors = _console(sys.stderr)
        self.out = _console(sys.stdout)
        self.tokens: Tokens = lambda: 0
        self._where = ""
        self._bars: Progress | None = None
        self._overall: TaskID | None = None
        self._phase: TaskID | None = None

    def __enter__(self) -> "Screen":
        if self.errors.is_terminal and not self.quiet:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, TextColumn("{task.fields[tokens]}"), console=self.errors, transient=True)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, text: str) -> None:
        """A line for people, on standard error."""
        if not self.quiet:
            self.errors.print(text, markup=False, highlight=False)

    def expect(self, calls: int) -> None:
        """How many calls the whole run may take: the upper bar's length."""
        if self._bars is not None:
            self._overall = self._bars.add_task("all calls", total=calls, tokens="")

    def row(self, name: str, calls: int) -> Callable[[str | None], None]:
        """A bar of its own on a terminal, for one of many runs; the returned function moves it and renames it, or takes
        it away (None)."""
        if self._bars is None:
            return lambda text: None
        bars = self._bars
        task = bars.add_task(name, total=calls, tokens="")

        def move(text: str | None) -> None:
            if text is None:
                bars.remove_task(task)
            else:
                bars.update(task, advance=1, description=text)

        return move

    def at(self, where: str) -> None:
        """Names the part of the run that the next phases belong to, such as `step 2/3`."""
        self._where = where

    def started(self, phase: str, total: int) -> Callable[[], None]:
        """Begins a phase of `total` calls; the returned function is to be called after each."""
        name = f"{self._where}: {phase}" if self._where else phase
        if self._bars is not None:
            return self._bar(self._bars, name, total)
        return self._lines(name, total)

    def _bar(self, bars: Progress, name: str, total: int) -> Callable[[], None]:
        if self._phase is not None:
            bars.remove_task(self._phase)
        self._phase = phase = bars.add_task(name, total=total, tokens="")

        def done() -> None:
            for task in (phase, self._overall):
                if task is not None and task in bars.task_ids:
                    bars.update(task, advance=1, tokens=f"{self.tokens():,} tokens")

        return done

    def _lines(self, name: str, total: int) -> Callable[[], None]:
        begun, count = time.monotonic(), 0

        def done() -> None:
            nonlocal count
            count += 1
            if count == total:
                seconds = time.monotonic() - begun
                self.say(f"{name}: {total} calls in {seconds:.1f} s, {self.tokens():,} tokens so far")

        return done

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of results, on standard output; the first column is left-aligned, the others right."""
        table = Table(title=title, title_justify="left", box=None if not self.out.is_terminal else Table().box)
        for place, name in enumerate(header):
            table.add_column(name, justify="left" if place == 0 else "right", no_wrap=not self.out.is_terminal)
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

    def result(self, text: str) -> None:
        """A line of results, on standard output."""
        self.out.print(text, markup=False, highlight=False, soft_wrap=True)


def _console(stream) -> Console:  # type: ignore[no-untyped-def]
    terminal = stream.isatty()
    return Console(file=stream, width=None if terminal else WIDE, markup=False, highlight=False)


def token_sum(calls: Mapping[str, Mapping[str, int]]) -> int:
    """Prompt and completion tokens over all roles."""
    return sum(tally["prompt_tokens"] + tally["completion_tokens"] for tally in calls.values())
