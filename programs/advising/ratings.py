"""How reliable a pilot's ratings are: as its files say where single raters are known, or as the flags do."""

from collections.abc import Mapping, Sequence
from typing import Any

from metrics.metric import METRICS
from programs.advising.pilot import Pilot, Rating
from programs.errors import UserError, suggest

Record = Mapping[str, Any]


def known_ratings(records: Sequence[Record]) -> dict[str, Rating]:
    """From the `ceiling` of summaries or of an evaluation: the split-half reliability of the mean, by criterion.

    The mean over the records. Criteria whose raters are unknown, or do not agree, are left out.
    """
    found: dict[str, list[Rating]] = {}
    for record in records:
        ceiling = record.get("ceiling", {})
        for name, panel in ceiling.get("panel", {}).items():
            reliability = ceiling["raters"]["split_half"][name]["value"]
            if reliability is not None and reliability > 0 and panel["rows"]:
                found.setdefault(name, []).append(Rating(panel["scores"] / panel["rows"], reliability))
    return {name: _mean(each) for name, each in found.items()}


def ratings_of(flags: Mapping[str, Any], pilot: Pilot, metric: str) -> dict[str, Rating]:
    """What `--raters` and `--reliability` say of the criteria, else what the pilot knows; `mean` where all are known.

    Empty for metrics in which it is not known what raters hide. Raises UserError for flags that mean nothing.
    """
    names = [part.name for part in pilot.parts if part.name != "mean"]
    if ("raters" in flags) != ("reliability" in flags):
        raise UserError("--raters and --reliability go together: give both, of the pilot's ratings")
    if METRICS[metric].kind != "coefficient":
        if "raters" in flags:
            raise UserError(f"--raters: what raters hide of {metric} is not known; leave it out, or use spearman")
        return {}
    found = dict(pilot.ratings)
    if "raters" in flags:
        stated = _reliabilities(flags["reliability"], names)
        found = {name: Rating(flags["raters"], value) for name, value in stated.items()}
    return {**found, "mean": _mean([found[name] for name in names])} if {*names} <= {*found} else found


def _mean(found: Sequence[Rating]) -> Rating:
    count = len(found)
    return Rating(sum(each.raters for each in found) / count, sum(each.reliability for each in found) / count)


def _reliabilities(text: str, names: Sequence[str]) -> dict[str, float]:
    """One number for all criteria, or `helpful=.6,polite=.7`."""
    words = [word.strip() for word in text.split(",")]
    if len(words) == 1 and "=" not in text:
        return dict.fromkeys(names, _reliability(text))
    found: dict[str, float] = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in names:
            known = ", ".join(names)
            raise UserError(f"--reliability: no criterion '{name}'{suggest(name, names)}; the pilot has {known}")
        if name in found:
            raise UserError(f"--reliability names {name} twice: leave one out")
        found[name] = _reliability(number)
    return found


def _reliability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UserError(f"--reliability: '{text}' is not a number") from None
    if not 0 < value <= 1:
        raise UserError(f"--reliability {text}: is out of range, above 0 and up to 1")
    return value
