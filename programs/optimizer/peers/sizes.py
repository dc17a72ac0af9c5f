"""How large each peer's search may be, so that it stays within the LM calls of the textual-gradient run.

Every size is the largest of the optimizer's own kind that fits; where none fits there is one clear line. The calls of
the test rows, before and after, come on top for every optimizer alike.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from programs.errors import UserError

MINIBATCH = 3
"""GEPA's default: training rows a proposal is made from, and that its child must do better on."""

WRITTEN_TWICE = 2
"""GEPA's engine asks once more where a proposal could not be read."""

CANDIDATES = range(10, 1, -1)
"""MIPROv2: instructions by predictor, the initial one among them; `auto="medium"` takes 12, `"light"` 6."""

TRIED_AGAIN = 4
"""MIPROv2 may try combinations again, which costs nothing: so many times the trials that fit, or until nothing fits."""

VIEWED = 10
"""MIPROv2's default: rows that are summarized at once, in at most ten calls and one for the end."""

BREADTH, DEPTH = range(10, 1, -1), range(3, 0, -1)
"""COPRO's defaults (10, 3) and everything smaller."""

FEWEST = (40, 10)
"""COPRO scores all its candidates on fewer rows before it gives up breadth or depth, but not on fewer than the first
of these; where nothing fits so, not on fewer than the second."""


@dataclass(frozen=True)
class Search:
    """The most calls by role, and the optimizer's own settings."""

    judge: int
    rewrite: int
    options: Mapping[str, int]

    @property
    def shares(self) -> dict[str, int]:
        return {"judge": self.judge, "rewrite": self.rewrite}


@dataclass(frozen=True)
class Room:
    """What there is: LM calls, criteria, and rows of training and of choice. One judge call scores a row."""

    calls: int
    criteria: int
    train: int
    choice: int


def gepa_search(room: Room) -> Search:
    """A proposal costs a call, its parent and child `MINIBATCH` rows each, and all rows of choice if it is accepted.

    There are calls for as many proposals as if none were accepted; what is left of them stays unused, a seventh at
    most. It ends when the next scoring does not fit.
    """
    proposals = (room.calls - room.choice) // (1 + 2 * MINIBATCH)
    _require("gepa", room.calls, 2 * room.choice + 2 * MINIBATCH + 2 * WRITTEN_TWICE)
    return Search(room.calls - proposals, proposals, {"needed": 2 * MINIBATCH})


def mipro_search(room: Room) -> Search:
    """The most candidates whose recommended number of trials fits, else two candidates and as many trials as fit.

    A candidate takes three calls a predictor (what the program does, what the predictor does, the instruction), or one
    where that is too much; a trial scores all rows of choice.
    """
    shown = min(room.train, max(4, room.calls // 8))
    for aware, candidates in product((1, 0), CANDIDATES):
        found = _mipro(room, shown, candidates, aware)
        if found.options["fitting"] >= recommended_trials(room.criteria, candidates):
            return found
    fits = [found for aware in (1, 0) if (found := _mipro(room, shown, 2, aware)).options["fitting"] > 0]
    if not fits:
        smallest = _mipro(room, min(shown, 4), 2, 0)
        _require("miprov2", room.calls, smallest.rewrite + min(shown, 4) + 2 * room.choice)
        return _mipro(room, min(shown, 4), 2, 0)
    return fits[0]


def recommended_trials(criteria: int, candidates: int) -> int:
    """MIPROv2's own rule for zero-shot optimization (`_set_num_trials_from_num_candidates`)."""
    return int(max(2 * criteria * math.log2(candidates), 1.5 * candidates))


def copro_search(room: Room) -> Search:
    """The widest and deepest search that fits: every candidate of every predictor is scored at every depth."""
    sizes = sorted(product(DEPTH, BREADTH), key=math.prod, reverse=True)
    for fewest, (depth, breadth) in product(FEWEST, sizes):
        rounds = room.criteria * (breadth * depth * (depth + 1) // 2 - depth)  # the best so far is known each time
        proposals = room.criteria * (breadth * depth - 1)
        rows = min(room.choice, (room.calls - proposals) // (rounds + 1))
        if rows >= min(room.choice, fewest):
            return Search((rounds + 1) * rows, proposals, {"breadth": breadth, "depth": depth, "choice_rows": rows})
    smallest = room.criteria + min(room.choice, FEWEST[-1]) * (room.criteria + 1)
    raise _too_small("copro", room.calls, smallest)


def _mipro(room: Room, shown: int, candidates: int, aware: int) -> Search:
    summaries = 2 + min(VIEWED - 1, max(0, math.ceil(shown / VIEWED) - 1))
    proposals = summaries + room.criteria * candidates * (3 if aware else 1)
    fitting = (room.calls - proposals - shown) // room.choice - 1
    trials = {"fitting": fitting, "num_trials": TRIED_AGAIN * fitting}
    options = {"num_candidates": candidates, **trials, "aware": aware, "train_rows": shown}
    return Search(shown + room.choice * (1 + max(fitting, 0)), proposals, options)


def _require(name: str, calls: int, least: int) -> None:
    if calls < least:
        raise _too_small(name, calls, least)


def _too_small(name: str, calls: int, least: int) -> UserError:
    return UserError(
        f"--optimizer {name} needs at least {least} LM calls to search, and the textual-gradient run of these settings "
        f"has {calls}: raise --steps or --batch-size, or lower --val-size"
    )
