"""The tables of an advice."""

from collections.abc import Sequence

from metrics.sample_size import MOST_UNITS, Needed
from programs.advising.advice import RATERS, Advice, Cost, Question
from programs.advising.pilot import Pilot
from programs.report_tables import short
from programs.screen import Screen

UNKNOWN_RATERS = (
    "raters: unknown, or of no known effect in this metric; single raters' scores in the pilot (--criteria "
    "helpful:1-5@anna,ben or --ratings), or --raters and --reliability tell what more raters a row are worth"
)

SHARES = "quarters, halves and three quarters"


def show_advice(pilot: Pilot, question: Question, advice: Sequence[Advice], priced: str, screen: Screen) -> None:
    """What is needed and what it costs, what more raters and seeds give, and what the advice supposes."""
    _show_rows(pilot, question, advice, screen)
    _show_notes(pilot, question, advice, priced, screen)
    _show_raters(advice, screen)
    _show_seeds(question, advice, screen)


def _show_rows(pilot: Pilot, question: Question, advice: Sequence[Advice], screen: Screen) -> None:
    grouped = pilot.documents < pilot.rows
    header = ["criterion", "the pilot sees", *["documents"] * grouped, "rows needed", "judge calls", "USD", "hours"]
    rows = []
    for each in advice:
        sees = "undefined" if each.sees is None else short(each.sees)
        sizes = [_units(each.documents)] * grouped + [_units(each.rows)]
        rows.append([each.name, sees, *sizes, *_costs(each.cost)])
    what = f"{question.metric}, pooled over the rows"
    screen.table(f"\nto see {short(question.difference)} in {what}, between two judges", header, rows)


def _show_notes(pilot: Pilot, question: Question, advice: Sequence[Advice], priced: str, screen: Screen) -> None:
    size = f"{pilot.rows} rows of {pilot.documents} documents" if pilot.documents < pilot.rows else f"{pilot.rows} rows"
    pairs = f"variance of {pilot.pairs} pair{'s' * (pilot.pairs > 1)} of judges on the same rows"
    one = (
        "no two judges that differ: so many rows are the most that can be needed, by the variance of one judge (judges "
        "that err alike need fewer)"
    )
    screen.result(f"\npilot: {pilot.name}; {size}; {one if advice[0].bound else pairs}")
    screen.result(f"seen: in a share {question.power:g} of such tests, two-sided at {question.alpha:g}; 95 % intervals")
    if found := [f"{ratio:.2f}" for ratio in advice[0].scaling.values() if ratio is not None]:
        screen.result(
            f"checked: in {SHARES} of the pilot the error was {', '.join(found)} of what 1/sqrt(documents) says"
        )
    if odd := [each.name for each in advice if each.odd]:
        screen.result(f"careful: in such parts the error of {', '.join(odd)} did not fall as 1/sqrt(documents)")
    screen.result("; ".join(["cost: both judges on all rows", *_cost_words(pilot, advice, priced)]))


def _cost_words(pilot: Pilot, advice: Sequence[Advice], priced: str) -> list[str]:
    """Of what USD and hours are made, or why they are unknown."""
    tokens = [] if pilot.pace.call else ["USD unknown, since the pilot does not say how many tokens a call took"]
    paced = any(each.cost is not None and each.cost.hours is not None for each in advice)
    hours = "hours at the pilot's pace" if paced else "hours unknown, since the pilot has no pace of this LM"
    return [priced, *tokens, hours]


def _show_raters(advice: Sequence[Advice], screen: Screen) -> None:
    known = [(each.name, each.rating, each.raters) for each in advice if each.rating and each.raters]
    if not known:
        screen.result(UNKNOWN_RATERS)
        return
    rows = [
        [name, f"{rating.raters:.3g}", short(rating.reliability), *map(_count, found.values())]
        for name, rating, found in known
    ]
    numbers = [f"with {raters}" for raters in RATERS]
    screen.result(
        "\nraters: rows needed by raters a row, for the same gain of a judge (a noisy rating hides part of it)"
    )
    screen.table("", ["criterion", "raters now", "their mean's reliability", *numbers], rows)


def _show_seeds(question: Question, advice: Sequence[Advice], screen: Screen) -> None:
    if all(each.seeds is None for each in advice):
        screen.result("seeds: unknown from one seed; a study with several (study.py --seeds 0,1,2) tells")
        return
    screen.result(
        f"\nseeds: whole runs of the pilot's size whose mean gain shows {short(question.difference)}, and their cost"
    )
    rows = [[each.name, _units(each.seeds), *_costs(each.seeds_cost)] for each in advice]
    screen.table("", ["criterion", "seeds needed", "calls of all roles", "USD at that price", "hours"], rows)


def _units(found: Needed | None) -> str:
    if found is None:
        return "undefined"
    if found.low == found.high:
        return _count(found.units)
    return f"{_count(found.units)} [{_count(found.low)}, {_count(found.high)}]"


def _count(units: int | None) -> str:
    return f"over {MOST_UNITS:,}" if units is None else f"{units:,}"


def _costs(cost: Cost | None) -> list[str]:
    if cost is None:
        return ["undefined"] * 3
    usd = "unknown" if cost.usd is None else f"{cost.usd:,.2f}"
    return [f"{cost.calls:,}", usd, "unknown" if cost.hours is None else f"{cost.hours:,.2f}"]
