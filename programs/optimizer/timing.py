"""timing.json: seconds, attempts, what scoring the test rows took. Only here may a run differ from its repetition."""

import time
from typing import Any, Protocol

from programs.errors import UserError
from programs.optimizer.testing import Testing
from programs.records.calls import CallLog
from programs.records.folder import RunFolder, read_json, write_json


class Timed(Protocol):
    """What a run shows of itself."""

    folder: RunFolder
    testing: Testing

    def whole(self) -> dict[str, Any]: ...


def timed(run: Timed, calls: CallLog, begun: float) -> dict[str, Any]:
    """The run's summary; however it ends, timing.json says what it took.

    `seconds` and `calls` are of this session, `seconds_in_all` of all that have written the file; `judges` holds calls
    and tokens of the initial and the kept judge on the test rows, `tested` the calls of all scorings of these rows.
    """
    before = _seconds_before(run.folder)
    try:
        return run.whole()
    finally:
        seconds = round(time.monotonic() - begun, 3)
        found = {"seconds": seconds, "seconds_in_all": round(before + seconds, 3), "calls": calls.summary()}
        write_json(run.folder.timing, {**found, **run.testing.took()})


def _seconds_before(folder: RunFolder) -> float:
    try:
        timing = read_json(folder.timing)
        return float(timing.get("seconds_in_all", timing["seconds"]))
    except (UserError, KeyError, TypeError, ValueError, AttributeError):  # none yet, or damaged: it is written anew
        return 0.0
