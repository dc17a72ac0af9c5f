"""A session of `advise.py`: from flags to tables, without an LM call."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metrics.intervals import difference_scale
from metrics.metric import METRICS
from programs.advise import ALPHA, POWER
from programs.advising.advice import Question, advise
from programs.advising.pilot import Pilot
from programs.advising.ratings import ratings_of
from programs.advising.reading import read_pilots
from programs.advising.show import show_advice
from programs.applying.target import writable
from programs.errors import UserError
from programs.records.folder import write_json
from programs.records.prices import Price, price_of, table_version
from programs.screen import Screen


def advise_from_flags(given: Mapping[str, Any]) -> int:
    """Says what the pilot advises. Returns the exit code."""
    flags = dict(given)
    metric = flags.get("metric", "spearman")
    question = Question(flags["difference"], metric, flags.get("power", POWER), flags.get("alpha", ALPHA))
    most = difference_scale(METRICS[metric]).high
    if question.difference >= most:
        raise UserError(f"--difference {question.difference:g}: two values of {metric} differ by less than {most:g}")
    own = Price.stated(flags.get("price_in"), flags.get("price_out"))
    target = writable(flags["out"], flags["pilot"]) if "out" in flags else None
    pilots = read_pilots(flags["pilot"], Path(flags.get("runs_dir", "runs")), metric, flags.get("seed", 0))
    screen, written = Screen(), []
    for pilot in pilots:
        ratings = ratings_of(flags, pilot, metric)
        lm, price, paced = _price(flags, own, pilot)
        advice = advise(pilot, question, price, ratings, paced=paced)
        show_advice(pilot, question, advice, _said(lm, price, given=own is not None), screen)
        parts = {each.name: each.to_dict() for each in advice}
        priced = {"lm": lm, "price": price and asdict(price)}
        written.append({"pilot": _summary(pilot), "question": asdict(question), **priced, "parts": parts})
    if target is not None:
        write_json(target, written)
        screen.result(f"written: {flags['out']}")
    return 0


def _summary(pilot: Pilot) -> dict[str, Any]:
    pace = {key: value for key, value in asdict(pilot.pace).items() if key != "api_base"}
    return {"rows": pilot.rows, "documents": pilot.documents, "pairs": pilot.pairs, "seeds": pilot.seeds, "pace": pace}


def _price(flags: Mapping[str, Any], own: Price | None, pilot: Pilot) -> tuple[str | None, Price | None, bool]:
    """The LM to price by, its price, and whether the pilot's pace is that LM's."""
    lm, base = flags.get("lm", pilot.pace.lm), None if "lm" in flags else pilot.pace.api_base
    price = own or (None if lm is None else price_of(lm, base))
    return lm, price, lm == pilot.pace.lm


def _said(lm: str | None, price: Price | None, *, given: bool) -> str:
    if price is None:
        return f"{lm or 'the LM'} has no list price (--price-in and --price-out give one, in USD per million tokens)"
    source = "as given" if given else f"by LiteLLM {table_version()}"
    each = f"{price.prompt * 1e6:g} and {price.completion * 1e6:g} USD per million prompt and reply tokens"
    return f"{lm or 'the LM'} at {each}, {source}"
