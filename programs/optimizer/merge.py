"""`--merge greedy`: after the last step, rubrics from the archive are recombined, one criterion at a time.

Rubrics that are best alone need not be best together (the paper's oracle experiment), so every recombination is judged
as one prompt on the gate's rows, and kept by the gate's rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metrics.metric import METRICS
from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.gate import Accept
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.judged import Judged
from programs.optimizer.keep import values_of
from programs.optimizer.tried import Tried
from programs.settings import Settings
from signatures.records import Group


@dataclass(frozen=True)
class Move:
    """One criterion's rubric from the archive, and what it was better by, on the rows that it was judged on, than the
    one that it would replace."""

    name: str
    text: str
    step: int
    gain: float


@dataclass(frozen=True)
class Merge:
    """A greedy coordinate search of at most `tries` recombinations (None: as many as there are criteria)."""

    on: bool = False
    tries: int | None = None

    def __call__(self, incumbent: Incumbent, number: int, accept: Accept, metric: str) -> dict[str, Any]:
        """Searches from the best accepted judge; what it finds is one more finalist, as of step `number`.

        Says what was tried and kept. The judge is measured again with each try, so that both are judged alike.
        """
        current = incumbent.measured(incumbent.best())
        names, moves = current.judge.task.criterion_names, list[dict[str, Any]]()
        spent: set[tuple[str, str]] = set()
        for tried in range(self.most(names)):
            if (move := next_move(current, incumbent.archived.heads, spent, metric)) is None:
                for _ in range(self.most(names) - tried):
                    incumbent.leave()
                break
            spent.add((move.name, move.text))
            changed = incumbent.measured(current.judge.with_rubric({move.name: move.text}))
            group = next(group for group in changed.judge.groups if move.name in group)
            verdict = accept(current.scores(), changed.scores(), group)
            incumbent.archived.judges.setdefault(f"merge-{tried + 1}", changed)
            moves.append({"criterion": move.name, "step": move.step, "gain": move.gain, "kept": verdict.kept})
            current = changed if verdict.kept else current
        if any(move["kept"] for move in moves):
            incumbent.add_finalist(number, current)
        return {"tried": len(moves), "kept": sum(move["kept"] for move in moves), "moves": moves}

    def most(self, names: Group) -> int:
        """How many recombinations may be tried."""
        return len(names) if self.tries is None else self.tries


UNMERGED = Merge()


def next_move(current: Judged, archive: Sequence[Tried], spent: set[tuple[str, str]], metric: str) -> Move | None:
    """The rubric of the archive that was better than the current one on its own criterion by most, among those that
    were not tried; ties go to the earlier. None where none was better."""
    held, found = current.judge.rubric, list[Move]()
    for tried in archive:
        own = values_of(tried.scores, metric, tried.scores.names)
        now = values_of(current.scores(len(tried.scores)), metric, tried.scores.names)
        for name, text in tried.rubric.items():
            if text != held[name] and (name, text) not in spent and own[name] is not None:
                gain = METRICS[metric].orientation * ((own[name] or 0.0) - (now[name] or 0.0))
                found.append(Move(name, text, tried.step, gain))
    best = max(found, key=lambda move: move.gain, default=None)
    return best if best is not None and best.gain > 0 else None


def merging_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The judge's calls at most: the gate's rows for the start and each try, and the reserved rows for the finalist."""
    merge = merge_of(settings)
    scorings = (merge.most(plan.criteria) + 1) * plan.gate_rows + plan.reserved_rows
    return {"judge": plan.heads * scorings} if merge.on else {}


def merge_of(settings: Settings) -> Merge:
    """What the settings say of it."""
    return Merge(settings.merge == "greedy", settings.merge_tries)


def require_choice(settings: Settings) -> None:
    """Raises UserError where nothing was measured to choose from."""
    if settings.merge == "none":
        if settings.merge_tries is not None:
            raise UserError("--merge-tries goes with --merge greedy: add it, or leave --merge-tries out")
        return
    for flag, value, wrong in (("--gate", settings.gate, "none"), ("--keep", settings.keep, "last")):
        if value == wrong:
            raise UserError(f"--merge greedy needs judges measured on validation rows: leave {flag} {wrong} out")
