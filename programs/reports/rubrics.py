"""How each rubric changed: every rewrite against the rubric it started from, kept or not, and what was kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from programs.reports.diff import Piece, word_count, word_diff
from programs.reports.run_files import Record, RunFiles
from programs.reports.table import Table, number


@dataclass(frozen=True)
class Change:
    """One step's rewrite of one rubric. `decision` is kept, rejected, refused, unchanged or not judged."""

    step: int
    decision: str
    reason: str
    words: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class History:
    """A criterion's rubrics over the run; `whole` is the difference of the kept rubric from the first one."""

    title: str
    initial: str
    kept_step: int
    final: str
    whole: tuple[Piece, ...]
    changes: tuple[Change, ...]


def histories(run: RunFiles) -> list[History]:
    """One history a criterion."""
    return [
        History(
            title=title,
            initial=run.initial[name],
            kept_step=run.kept[name],
            final=run.final[name],
            whole=word_diff(run.initial[name], run.final[name]),
            changes=tuple(_change(name, old, new) for old, new in zip(run.steps, run.steps[1:], strict=False)),
        )
        for name, title in run.titles.items()
    ]


def verdict_of(step: Record, name: str) -> Mapping[str, Any]:
    """The gate's verdict on the head that holds a criterion; empty where there is none."""
    return next((verdict for verdict in step["gate"] if name in verdict["group"]), {})


def decision_of(verdict: Mapping[str, Any]) -> str:
    """`kept`, `rejected`, `unchanged`, or `not judged` where there is no verdict."""
    if not verdict:
        return "not judged"
    if verdict["reason"] == "unchanged":
        return "unchanged"
    return "kept" if verdict["kept"] else "rejected"


def gate_table(run: RunFiles) -> Table:
    """Every decision of the gate, with the numbers it was made on."""
    rows = [_verdict_row(run, step, verdict) for step in run.steps for verdict in step["gate"]]
    header = ("step", "criteria", "decision", "why", "difference", "probability")
    return Table.of(f"Decisions of the gate ({run.settings['gate']}, {run.settings['accept']})", header, rows)


def _change(name: str, old: Record, new: Record) -> Change:
    before, verdict, refusal = old["rubric"][name], verdict_of(new, name), new.get("refused", {}).get(name)
    proposed = refusal["text"] if refusal else new["proposal"].get(name, before)
    decision = "refused" if refusal else decision_of(verdict)
    return Change(
        step=int(new["step"]),
        decision=decision if proposed != before else "unchanged",
        reason=str((refusal or verdict).get("reason", "")),
        words=word_count(proposed),
        pieces=word_diff(before, proposed),
    )


def _verdict_row(run: RunFiles, step: Record, verdict: Record) -> Sequence[str]:
    decision = decision_of(verdict)
    compared = decision in ("kept", "rejected") and verdict["reason"] != "no gate"
    numbers = [number(verdict[part]) if compared else "not compared" for part in ("difference", "probability")]
    return [str(step["step"]), run.words(verdict["group"]), decision, verdict["reason"], *numbers]
