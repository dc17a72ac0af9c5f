"""How much agreement these raters allow, what share of it the judges reach, and which ratings are in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.relabel import Divided, divided
from programs.ceiling_tables import DOUBTFUL, UNKNOWN, limit_rows, share_rows, tie_words, unknown_words
from programs.reports.disagreement import Quoted, Texts
from programs.reports.parts import Section
from programs.reports.run_files import RunFiles
from programs.reports.table import Table, number, score

TITLE = "How much agreement there can be"

LIMITS_READING = (
    "One more rater: each rater's Spearman correlation with the mean of the others, averaged. A perfect judge knows "
    "what raters would say on average; since the rating is the mean of a few, it reaches the root of that mean's "
    "reliability (split halves, stepped up to all raters). Ties alone: the most that any judge of whole levels can "
    "reach, exact for these rows. Alpha is Krippendorff's, of single scores, and no ceiling. Intervals are for these "
    "raters."
)

SHARES_READING = (
    "The share of a perfect judge is the judge's correlation with the raters' mean, over the ceiling: an estimate of "
    "its correlation with ratings without noise. Against the other raters, it takes each rater's place in turn; minus "
    "one more rater is how much better or worse it then is than that rater, on the same rows."
)

BEFORE = "This run was made by an earlier version, which did not look for a ceiling."


@dataclass(frozen=True)
class CeilingPart:
    """What the page says of the ceiling: sentences, the ceiling itself, and each judge's share of it.

    `doubtful` are ratings on which raters differ, where there are some, and `quoted` the texts of their rows.
    """

    words: Sequence[str]
    limits: Table | None = None
    shares: Sequence[Table] = ()
    doubtful: Table | None = None
    quoted: Sequence[Quoted] = ()
    title: str = TITLE
    limits_reading: str = LIMITS_READING
    shares_reading: str = SHARES_READING


def ceiling_part(run: RunFiles, texts: Texts) -> CeilingPart:
    """From summary.json and scores.json alone."""
    found = run.summary.get("ceiling")
    if found is None:
        return CeilingPart([BEFORE])
    words = _words(found, run.titles)
    if not found["known"]:
        return CeilingPart(words)
    titles = {**run.titles, "mean": "mean over criteria"}
    doubtful = divided(run.tested.scores("kept")) if run.tested else []
    limits, shares = _limits(found, titles, "test rows"), _shares(found, titles, "test rows")
    return CeilingPart(words, limits, shares, *_doubtful(run, doubtful, texts))


def ceiling_section(found: Mapping[str, Any]) -> Section:
    """The same without doubtful ratings, as a section of a page of several judges."""
    words = _words(found, {})
    if not found["known"]:
        return Section(TITLE, words)
    return Section(
        TITLE, [*words, _limits(found, {}, "rows"), LIMITS_READING, *_shares(found, {}, "rows"), SHARES_READING]
    )


def _words(found: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    said = [unknown_words(found, titles)] if found["known"] else [UNKNOWN, tie_words(found, titles)]
    return [_sentence(words) for words in said if words]


def _limits(found: Mapping[str, Any], titles: Mapping[str, str], rows: str) -> Table:
    caption = f"Noise ceiling: the Spearman that can be reached, pooled over the {rows}, with 95 % intervals"
    return Table.of(caption, *limit_rows(found, titles))


def _shares(found: Mapping[str, Any], titles: Mapping[str, str], rows: str) -> list[Table]:
    """One a judge."""
    caption = f"pooled over the {rows}, with 95 % intervals"
    return [
        Table.of(f"Share of the ceiling, {name}, {caption}", *share_rows(found, [name], titles=titles))
        for name in found["judges"]
    ]


def _doubtful(run: RunFiles, found: Sequence[Divided], texts: Texts) -> tuple[Table | None, list[Quoted]]:
    if not found or run.tested is None:
        return None, []
    shown = found[:DOUBTFUL]
    quoted = {each.row: _quoted(run.tested.rows[each.row], texts) for each in shown}
    caption = f"Ratings worth a further opinion: {len(shown)} of {len(found)} on which raters differ"
    header = ("row", "criterion", "raters", "rating", "kept judge", "disagreement", "priority")
    rows = [
        [
            quoted[each.row].row,
            run.titles[each.criterion],
            ", ".join(score(given) for given in each.given),
            score(each.human),
            score(each.judge),
            number(each.disagreement),
            number(each.priority),
        ]
        for each in shown
    ]
    return Table.of(caption, header, rows), [each for each in quoted.values() if each.texts]


def _quoted(mark: str, texts: Mapping[str, Quoted]) -> Quoted:
    return texts.get(mark, Quoted(f"(hashed) {mark}", {}))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
