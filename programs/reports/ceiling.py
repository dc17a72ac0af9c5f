"""How much agreement these raters allow, what share of it the judges reach, and which ratings are in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.relabel import Divided, divided
from programs.ceiling_tables import DOUBTFUL, UNKNOWN, limit_rows, share_rows, tie_words, unknown_words
from programs.reports.disagreement import Quoted, Texts
from programs.reports.run_files import RunFiles
from programs.reports.table import Table, number, score

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


def ceiling_part(run: RunFiles, texts: Texts) -> CeilingPart:
    """From summary.json and scores.json alone."""
    found = run.summary.get("ceiling")
    if found is None:
        return CeilingPart([BEFORE])
    titles = {**run.titles, "mean": "mean over criteria"}
    ties = _sentence(tie_words(found, run.titles))
    if not found["known"]:
        return CeilingPart([_sentence(UNKNOWN), *([ties] if ties else [])])
    unknown = _sentence(unknown_words(found, run.titles))
    view = "pooled over the test rows, with 95 % intervals"
    limits = Table.of(f"Noise ceiling: the Spearman that can be reached, {view}", *limit_rows(found, titles))
    shares = [
        Table.of(f"Share of the ceiling {name}, {view}", *share_rows(found, [name], titles=titles))
        for name in found["judges"]
    ]
    doubtful = divided(run.tested.scores("kept")) if run.tested else []
    return CeilingPart([unknown] if unknown else [], limits, shares, *_doubtful(run, doubtful, texts))


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
    return f"{words[:1].upper()}{words[1:]}." if words else ""
