"""Sends what runs write while they write it: a thread beside them, which can neither stop nor slow them."""

import shlex
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from programs.screen import Screen
from programs.tracking.client import reason_of
from programs.tracking.ledger import run_at
from programs.tracking.store import Store
from programs.tracking.tracked import FAILED, FINISHED, KILLED, Tracked

LOOK = 1.0
"""Seconds between two looks at the files."""

PATIENCE = 30.0
"""Seconds that the end of a run waits for what is not sent yet."""


@contextmanager
def followed(store: Store | None, folders: Sequence[Tracked], screen: Screen) -> Iterator[None]:
    """While the block runs, what appears in the folders is sent; none is with no store. The first is the whole one.

    A store that fails is counted and said at the end, with the command that sends the rest.
    """
    if store is None:
        yield
        return
    follower = Follower(store, folders)
    follower.begin()
    announce(store, folders[0].path, screen)
    ending = FAILED
    try:
        yield
        ending = FINISHED
    except KeyboardInterrupt:
        ending = KILLED
        raise
    finally:
        follower.end(ending)
        if follower.behind:
            screen.say(f"tracking: {follower.report(folders[0].path)}")


def announce(store: Store, path: Path, screen: Screen) -> None:
    """Where the run is to be seen."""
    run_id = run_at(path, store.place)
    if run_id is not None:
        screen.say(f"tracking: {store.where(run_id)}")
    if store.place.scheme == "file":
        screen.say("tracking: MLflow no longer develops its file store, and recommends sqlite:///FILE.db")


def later(store: Store, path: Path) -> str:
    """The command that sends the folder once more."""
    words = ["python", "programs/report.py", str(path), "--mlflow", store.place.shown]
    return shlex.join([*words, "--mlflow-experiment", store.place.experiment])


class Follower:
    """Looks at the folders' files every moment, and sends what is new. `behind` once something did not arrive."""

    def __init__(self, store: Store, folders: Sequence[Tracked]) -> None:
        self.failures = 0
        self._reason = "it takes too long"
        self._store = store
        self._late = dict.fromkeys(folders)
        self._folders = folders
        self._marks: dict[Tracked, object] = {}
        self._ending: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tracking", daemon=True)

    def begin(self) -> None:
        self.look()
        self._thread.start()

    def end(self, ending: str) -> None:
        """The last look, within `PATIENCE` seconds."""
        self._ending = ending
        self._ended.set()
        self._thread.join(PATIENCE)

    @property
    def behind(self) -> bool:
        return bool(self._late) or self._thread.is_alive()

    def report(self, path: Path) -> str:
        """What is said where something did not arrive."""
        return (
            f"MLflow at {self._store.place.shown} lacks a part ({self.failures} failed attempts, {self._reason}); the "
            f"folder is whole: send the rest with {later(self._store, path)}"
        )

    def look(self) -> None:
        """Sends what is new, and with it what is late. After a failure the others wait for the next time."""
        changed = [folder for folder in self._folders if self._changed(folder)]
        self._late |= dict.fromkeys(changed)
        ending = self._ending if self._ended.is_set() else None
        if not changed and ending is None:
            return
        for folder in [each for each in self._folders if each in self._late]:
            try:
                folder.send(self._store, ending)
            except Exception as error:  # whatever it is, the run goes on
                self.failures += 1
                self._reason = reason_of(error, self._store.place)
                return
            del self._late[folder]

    def _changed(self, folder: Tracked) -> bool:
        mark = folder.mark()
        before, self._marks[folder] = self._marks.get(folder), mark
        return mark != before

    def _follow(self) -> None:
        while not self._ended.wait(LOOK):
            self.look()
        self._late = dict.fromkeys(self._folders)  # their statuses change
        self.look()
