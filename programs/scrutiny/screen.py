"""The scrutiny of one judge on the screen: one table, one sentence, and its warnings."""

from collections.abc import Mapping
from typing import Any

from programs.report_tables import cell_text
from programs.screen import Screen
from programs.scrutiny.words import halo_words

Column = tuple[str, Mapping[str, Mapping[str, Any]]]
"""A header, and a cell by criterion and "mean"."""


def show_scrutiny(scrutiny: Mapping[str, Any], screen: Screen, of: str = "") -> None:
    """What `metrics.scrutiny` found of one judge, which ` of ...` may name."""
    if columns := columns_of(scrutiny):
        names = list(dict.fromkeys(name for _, cells in columns for name in cells))
        table = [[name, *(cell_text(cells[name]) if name in cells else "" for _, cells in columns)] for name in names]
        screen.table(f"\nscrutiny{of} (spearman, pooled)", ["criterion", *(header for header, _ in columns)], table)
    if words := halo_words(scrutiny):
        screen.result(f"\n{words}")
    for line in scrutiny["warnings"]:
        screen.result(f"warning: {line}")


def columns_of(scrutiny: Mapping[str, Any]) -> list[Column]:
    """What there is to show by criterion."""
    columns: list[Column] = []
    if scrutiny["halo"] is not None:
        columns.append(("partial, given other ratings", scrutiny["halo"]["given_ratings"]))
    if (systems := scrutiny["systems"]) is not None:
        columns += [
            (f"within {systems['systems']} systems", systems["within"]),
            ("of their means", systems["means"]),
            ("system alone", systems["identity"]),
            ("judge minus that", systems["beyond_identity"]),
        ]
    if (ties := scrutiny["ties"]) is not None:
        columns.append((f"pairwise accuracy, ties from {ties['chosen_on']}", ties["accuracy"]))
    if (orders := scrutiny.get("orders")) is not None:
        mean, count = orders["mean"], len(orders["each"])
        columns += [
            (f"scores changed in {count} other order{'s' if count > 1 else ''}", mean["between"]["changed"]),
            ("mean change", mean["between"]["moved"]),
            ("between the orders", mean["between"]["spearman"]),
            ("change of agreement", mean["agreement"]["spearman"]),
        ]
    return columns
