"""A cell's run on the study's screen: one live row on a terminal, a line when it begins and ends elsewhere."""

from collections.abc import Callable

from programs.screen import Screen


class CellScreen(Screen):
    """Stands in for a run's own screen: its phases move one row of the study's, which goes when the run ends."""

    def __init__(self, study: Screen, name: str) -> None:
        super().__init__(quiet=True)
        self._study = study
        self._name = name
        self._row: Callable[[str | None], None] | None = None

    def expect(self, calls: int) -> None:
        self._row = self._study.row(self._name, calls)

    def __exit__(self, *_: object) -> None:
        if self._row is not None:
            self._row(None)

    def started(self, phase: str, total: int) -> Callable[[], None]:
        where = f"{self._name}: {self._where}" if self._where else self._name

        def done() -> None:
            if self._row is not None:
                self._row(f"{where}, {self.tokens():,} tokens")

        return done
