"""What the commands do with the flags of tracking."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.failures import MASK
from programs.screen import Screen
from programs.tracking.client import open_store, reason_of
from programs.tracking.following import announce
from programs.tracking.ledger import entries
from programs.tracking.place import Place, place_of
from programs.tracking.store import Store
from programs.tracking.tracked import FINISHED, Tracked

OFF = "off"


@dataclass(frozen=True)
class Wish:
    """What the flags say of tracking. They are no settings of a run: its result does not depend on them, and the URI,
    which may hold a password, is written nowhere."""

    uri: str | None = None
    experiment: str | None = None

    @classmethod
    def of(cls, flags: dict[str, Any], unsaid: str | None = None) -> "Wish":
        """Takes its flags out of a command's; `unsaid` stands where there is no --mlflow (None: as before)."""
        return cls(flags.pop("mlflow", unsaid), flags.pop("mlflow_experiment", None))

    def store(self, experiment: str, folder: Path | None = None) -> Store | None:
        """The store that is wished for, connected, or None; `experiment` is the default one.

        A `folder` that was tracked before goes on where it was last. Raises UserError for a place that cannot be used.
        """
        place = self._place(experiment, folder)
        return None if place is None else open_store(place)

    def _place(self, experiment: str, folder: Path | None) -> Place | None:
        before = entries(folder) if folder is not None else []
        uri = self.uri if self.uri is not None else before[-1]["uri"] if before else OFF
        if uri == OFF:
            if self.experiment is not None:
                raise UserError("--mlflow-experiment goes with --mlflow URI: add it, or leave the experiment out")
            return None
        if self.uri is None and MASK in uri:
            raise UserError(
                f"{folder} is tracked at {uri}, whose password is not kept: give --mlflow URI again, or --mlflow off"
            )
        place = place_of(uri, experiment)
        known = [entry["experiment"] for entry in before if entry["uri"] == place.shown]
        return place_of(uri, self.experiment if self.experiment is not None else [experiment, *known][-1])


def send(store: Store, folders: Sequence[Tracked], screen: Screen) -> None:
    """Sends what has ended. Raises UserError where the store fails; the command then goes on where it was."""
    try:
        for folder in folders:
            folder.send(store, FINISHED)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"--mlflow {store.place.shown} failed ({reason_of(error, store.place)}): give the command again, which "
            "sends only what is missing"
        ) from None
    announce(store, folders[0].path, screen)
