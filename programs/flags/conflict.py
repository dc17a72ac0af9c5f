"""The flags of conflict resolution."""

import argparse

from programs.flags.parser import number, whole
from programs.settings import Settings

CONFLICT = ("behaviour", "embedding", "random", "crossed")
"""What conflict is measured by: the judge's behaviour, or embedded suggestions; and two controls of the first."""


def add_conflict_flags(group: argparse._ActionsContainer) -> None:
    """What `--resolve pcgrad|cagrad|mgda` goes by."""
    group.add_argument(
        "--conflict",
        choices=CONFLICT,
        help="what pcgrad, cagrad and mgda resolve: behaviour (default), or embedding; random, crossed: controls",
    )
    group.add_argument("--edits", type=whole(1), help=f"most edits tried a step (default {Settings.edits})")
    group.add_argument(
        "--probe-rows", type=whole(2), help=f"training rows that edits are tried on (default {Settings.probe_rows})"
    )
    group.add_argument(
        "--edit-noise",
        type=number(0, 10),
        help=f"standard errors that an edit's weight must exceed (default {Settings.edit_noise})",
    )
    group.add_argument(
        "--embedder", help="of --conflict embedding: local (default), local:/path.gguf, or openai/... by LiteLLM"
    )
