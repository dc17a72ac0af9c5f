"""interference.json: every experiment's numbers, the newest of each kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics.tokens import TOKENIZER
from programs.errors import UserError
from programs.records.folder import read_json
from programs.records.provenance import provenance
from programs.studies.cost import Costs

FILE = "interference.json"
FORMAT = 1
KIND = ("task", "mode", "gate", "selection", "metric")
PARTS = (*KIND, "seeds", "rows", "selected", "optimism", "arms", "differences", "pairs", "length")


def read_record(study: Path) -> list[dict[str, Any]]:
    """The experiments that were measured; none where there is no file. Raises UserError for a damaged one."""
    file = study / FILE
    if not file.exists():
        return []
    found = read_json(file)
    try:
        if found["format"] != FORMAT or found["tokenizer"] != TOKENIZER:
            raise ValueError("of another version")
        if lacking := {part for one in found["experiments"] for part in PARTS if part not in one}:
            raise ValueError(f"an experiment lacks {', '.join(sorted(lacking))}")
        return sorted(found["experiments"], key=_kind)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} is damaged ({error}): remove it and run interference.py again") from None


def merge(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], costs: Costs) -> dict[str, Any]:
    """The file's content: `now` in place of those of its kind; `costs` by role, over all sessions."""
    found = {_kind(one): one for one in (*before, *now)}
    experiments = [found[kind] for kind in sorted(found)]
    return {"format": FORMAT, "tokenizer": TOKENIZER, **provenance(), "costs": costs, "experiments": experiments}


def _kind(one: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one[name]) for name in KIND)
