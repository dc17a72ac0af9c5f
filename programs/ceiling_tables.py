"""How the noise ceiling reads on the screen and on a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from programs.report_tables import cell_text, short
from programs.screen import Screen

Rows = tuple[list[str], list[list[str]]]
"""Header and rows of a table."""

UNKNOWN = (
    "ceiling unknown: no row has the scores of two raters; name their columns (--criteria name:1-5@anna,ben) or a "
    "table of single ratings (--ratings FILE)"
)

LIMITS = {
    "one_rater": "one more rater",
    "perfect_judge": "perfect judge",
    "split_half": "reliability of the mean",
    "alpha_ordinal": "alpha, ordinal",
    "alpha_interval": "alpha, interval",
}
"""What is said of the raters; see `metrics.ceiling.RATERS`."""

SHARES = {
    "share_of_perfect_judge": "share of a perfect judge",
    "against_others": "against the other raters",
    "minus_one_rater": "minus one more rater",
    "share_of_one_rater": "share of one more rater",
}
"""What is said of a judge; see `metrics.ceiling.JUDGE`."""

SHOWN = ("share_of_perfect_judge", "minus_one_rater")
"""The measures of a judge on the screen; files and pages have all."""

DOUBTFUL = 10
"""How many of the ratings worth a further opinion are shown; files have all."""


def show_ceiling(ceiling: Mapping[str, Any], screen: Screen) -> None:
    """The ceiling and the judges' shares of it, or one line that says why there is none."""
    if not ceiling["known"]:
        screen.result(f"\n{UNKNOWN}")
        if words := tie_words(ceiling):
            screen.result(words)
        return
    screen.table("\nnoise ceiling: spearman, pooled, with 95 % intervals", *limit_rows(ceiling))
    screen.table(
        "\nshare of the ceiling, pooled, with 95 % intervals", *share_rows(ceiling, list(ceiling["judges"]), SHOWN)
    )
    if words := unknown_words(ceiling):
        screen.result(words)


def limit_rows(ceiling: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> Rows:
    """How far a judge could agree with these raters: a row a criterion. `titles` are what people call criteria."""
    raters, ties = ceiling["raters"], _ties_shown(ceiling)
    header = ["criterion", "raters", *LIMITS.values(), "ties alone", "rows"]
    rows = [
        [
            (titles or {}).get(name, name),
            str(ceiling["panel"][name]["raters"]) if name in ceiling["panel"] else "",
            *(cell_text(raters[measure][name]) for measure in LIMITS),
            _tie(ties[name]),
            str(raters["one_rater"][name]["n"]),
        ]
        for name in raters["one_rater"]
    ]
    return header, rows


def share_rows(
    ceiling: Mapping[str, Any],
    judges: Sequence[str],
    measures: Sequence[str] = tuple(SHARES),
    titles: Mapping[str, str] | None = None,
) -> Rows:
    """What each judge reaches: a row a criterion, a column a measure and judge (unnamed where there is one)."""
    columns = [(name, measure) for measure in measures for name in judges]
    header = [SHARES[measure] + (f", {name}" if len(judges) > 1 else "") for name, measure in columns]
    found = ceiling["judges"]
    last = found[judges[-1]][measures[0]]
    rows = [
        [
            (titles or {}).get(name, name),
            *(cell_text(found[judge][measure][name]) for judge, measure in columns),
            str(last[name]["n"]),
        ]
        for name in last
    ]
    return ["criterion", *header, "rows"], rows


def doubtful_rows(records: Sequence[Mapping[str, Any]]) -> Rows:
    """The first of the ratings worth a further opinion, as `programs.records.relabel` has them."""
    header = ["row", "criterion", "raters", "rating", "judge", "disagreement", "priority"]
    return header, [
        [
            str(each["row"]),
            each["criterion"],
            ", ".join(f"{score:g}" for score in each["raters"]),
            f"{each['rating']:g}",
            "unscored" if each["judge"] is None else f"{each['judge']:g}",
            short(each["disagreement"]),
            short(each["priority"]),
        ]
        for each in records[:DOUBTFUL]
    ]


def tie_words(ceiling: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """What ties alone allow, in a sentence; empty where raters' means have no more values than the scale."""
    ties = {name: value for name, value in ceiling["ties"]["spearman"].items() if name != "mean" and value is not None}
    if all(value > 1 - 1e-9 for value in ties.values()):
        return ""
    limits = ", ".join(f"{(titles or {}).get(name, name)} {_tie(value)}" for name, value in ties.items())
    return f"ties alone keep a judge of whole levels below a spearman of: {limits}"


def unknown_words(ceiling: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """Which criteria have no ceiling though others have; empty where all have."""
    names = ", ".join((titles or {}).get(name, name) for name in ceiling["unknown"])
    return f"ceiling unknown for {names} (no row has two raters' scores), and left out of the means" if names else ""


def _ties_shown(ceiling: Mapping[str, Any]) -> dict[str, float | None]:
    """What ties allow of the criteria with a ceiling: their mean leaves out what the other means leave out."""
    found = ceiling["ties"]["spearman"]
    ties = {name: found[name] for name in ceiling["raters"]["one_rater"] if name != "mean"}
    known = [value for value in ties.values() if value is not None]
    return {"mean": sum(known) / len(known) if known and len(known) == len(ties) else None, **ties}


def _tie(value: float | None) -> str:
    return "undefined" if value is None else short(value)
