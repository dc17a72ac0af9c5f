"""What an agreement does not say by itself: constants, systems, halo and ties, of the initial and the kept judge."""

from collections.abc import Mapping, Sequence
from typing import Any

from programs.report_tables import cell_text
from programs.reports.agreement import TITLES
from programs.reports.parts import Part
from programs.reports.run_files import RunFiles
from programs.reports.table import Table, number
from programs.scrutiny.words import level_text, mean_correlation

Cells = Mapping[str, Mapping[str, Any]]


def parts(run: RunFiles) -> list[Part]:
    """The kept judge, beside the initial one where it fits; empty for runs that are older than the key `scrutiny`."""
    found = run.summary.get("scrutiny")
    if found is None:
        return []
    both = (found["before"], found["after"])
    about = "Pooled over the test rows that have a score (see Coverage); intervals resample documents."
    return [about, *_constants(run, *both), *_systems(run, found["after"]), *_halo(run, *both), *_ties(run, *both)]


def _constants(run: RunFiles, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Part]:
    tables: list[Part] = []
    for metric, found in after["constants"]["metrics"].items():
        rows = [
            [
                _title(run, name),
                level_text(each),
                number(each["constant"]),
                number(before["constants"]["metrics"][metric][name]["judge"]),
                number(each["judge"]),
                cell_text(each["difference"]),
                {True: "yes", False: "no", None: "undefined"}[each["beaten"]],
            ]
            for name, each in found.items()
        ]
        header = ("criterion", "constant", "its value", "before", "after", "after minus constant", "constant better")
        tables.append(Table.of(f"{TITLES[metric]}: a judge that always says the same", header, rows))
    chosen = after["constants"]["chosen_on"]
    return [*tables, f"The constants are the best by each metric on {_chosen_rows(chosen)}."] if tables else []


def _systems(run: RunFiles, after: Mapping[str, Any]) -> list[Part]:
    if after["systems"] is None:
        return []
    shown = {
        "within": "within a system",
        "means": "of the systems' means",
        "identity": "system alone",
        "beyond_identity": "judge minus that",
    }
    caption = f"Spearman and the {after['systems']['systems']} systems that wrote the texts, kept judge"
    return [
        _columns(run, caption, {title: after["systems"][key] for key, title in shown.items()}),
        "Within a system: the mean over systems of the correlation among texts of one. System alone: what a judge "
        "reaches that knows only who wrote a text, from the systems' mean ratings in other documents.",
    ]


def _halo(run: RunFiles, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Part]:
    if after["halo"] is None:
        return []
    sides = {"before": before["halo"], "after": after["halo"]}
    rows = [[_pair(run, pair), *_correlations(pair, list(sides.values()))] for pair in after["halo"]["excess"]]
    header = ["criteria", "raters"]
    for when in sides:
        header += [f"judge {when}", f"{when} minus raters"]
    partial = {
        f"given the other {what}, {when}": side[key]
        for key, what in (("given_ratings", "ratings"), ("given_scores", "scores"))
        for when, side in sides.items()
    }
    return [
        Table.of("Halo: Spearman between two criteria, in the judge's scores and in the ratings", header, rows),
        _columns(run, "Partial Spearman of a criterion's score and its rating", partial),
        f"Over the {after['halo']['rows']} rows that the kept judge scored on every criterion. Given the other "
        "ratings: what a score says of its criterion beside the raters' other criteria; given the other scores: beside "
        "the judge's own others.",
    ]


def _correlations(pair: str, sides: Sequence[Mapping[str, Any]]) -> list[str]:
    """The raters' and every judge's correlation of two criteria (or their means), each with its excess."""

    def value(found: Mapping[str, float | None]) -> str:
        return mean_correlation(found) if pair == "mean" else number(found[pair])

    judges = [text for side in sides for text in (value(side["judge"]), cell_text(side["excess"][pair]))]
    return [value(sides[-1]["raters"]), *judges]


def _ties(run: RunFiles, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Part]:
    sides = {when: side["ties"] for when, side in (("before", before), ("after", after)) if side["ties"] is not None}
    if not sides:
        return []
    chosen = ", ".join(f"{when}: {side['chosen_on']}" for when, side in sides.items())
    columns = {f"accuracy {when}": side["accuracy"] for when, side in sides.items()}
    table = _columns(run, "Pairwise accuracy where near scores count as tied", columns)
    limits = "; ".join(
        f"{when} " + ", ".join(f"{run.titles[name]} {number(value)}" for name, value in side["epsilon"].items())
        for when, side in sides.items()
    )
    return [table, f"Scores are tied up to a difference of: {limits}. Chosen on {chosen}."]


def _columns(run: RunFiles, caption: str, columns: Mapping[str, Cells]) -> Table:
    names: Sequence[str] = list(next(iter(columns.values())))
    rows = [[_title(run, name), *(cell_text(cells[name]) for cells in columns.values())] for name in names]
    return Table.of(caption, ("criterion", *columns), rows)


def _title(run: RunFiles, name: str) -> str:
    return run.titles.get(name, "mean over criteria")


def _pair(run: RunFiles, pair: str) -> str:
    return "mean over pairs" if pair == "mean" else " and ".join(run.titles[name] for name in pair.split("|"))


def _chosen_rows(chosen: str) -> str:
    return "the training and validation rows" if chosen == "other rows" else chosen
