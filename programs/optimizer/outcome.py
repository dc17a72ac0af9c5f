"""What a search has come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from programs.optimizer.judge import Judge
from programs.optimizer.judged import Judged
from programs.optimizer.keep import Archive, Candidate
from signatures.records import Group


@dataclass(frozen=True)
class Outcome:
    """The kept judge, every head's chosen candidate, all accepted ones, and what stopped the search early, if it was.

    `stopped` is None, "budget" or "interrupted". `measured` are judges that judged all of the gate's rows, by name.
    """

    judge: Judge
    chosen: Mapping[Group, Candidate]
    archive: Archive
    stopped: str | None = None
    measured: Mapping[str, Judged] = field(default_factory=dict)
