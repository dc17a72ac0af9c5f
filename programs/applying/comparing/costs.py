"""Cost and seconds per 1,000 judgements, from calls that were counted; what was not measured is said to be so."""

from collections.abc import Sequence
from dataclasses import dataclass

from programs.applying.comparing.asking import Scored
from programs.applying.comparing.contestants import Contestant
from programs.errors import UserError
from programs.records.prices import Price, price_of, table_version
from programs.settings import Settings

JUDGEMENTS = 1000


@dataclass(frozen=True)
class Cost:
    """Of 1,000 judgements, each a row on all criteria of the judge; None is not measured or not known.

    `measured` counts the replies behind the tokens, `timed` says what the seconds were measured on, `priced` who gives
    the price.
    """

    calls: float | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    usd: float | None = None
    seconds: float | None = None
    measured: int = 0
    timed: str = ""
    price: Price | None = None
    priced: str = ""


@dataclass(frozen=True)
class Prices:
    """The prices that the person gave, for every judge, or (None) those of LiteLLM's table."""

    own: Price | None = None

    @classmethod
    def given(cls, prompt: float | None, completion: float | None, asked: Sequence[Settings]) -> "Prices":
        """From `--price-in` and `--price-out`: both or none, and not for judges that ask several LMs (UserError)."""
        own = Price.stated(prompt, completion)
        if own is None:
            return cls()
        if len(names := dict.fromkeys(each.lm for each in asked)) > 1:
            raise UserError(
                f"--price-in and --price-out are prices of one LM, but the judges ask {', '.join(names)}: leave them "
                "out, or compare judges of one LM"
            )
        return cls(own)

    def of(self, settings: Settings) -> Price | None:
        """Of the judge's LM; a server of one's own has none but the one that is given."""
        return self.own or price_of(settings.lm, settings.api_base)

    @property
    def source(self) -> str:
        """Who says so."""
        return "given" if self.own is not None else f"LiteLLM {table_version()}"


def cost_of(side: Contestant, scored: Scored, prices: Prices) -> Cost:
    """What 1,000 judgements take at the mean of the counted calls; retries of failed calls are not in it.

    The price is that of the list, without discounts for cached prompts.
    """
    calls, bill = float(JUDGEMENTS * side.judge.calls_per_row), scored.bill
    call, timed = _seconds(side, scored)
    seconds = None if call is None else call * calls
    if not bill.answers:
        return Cost(calls, seconds=seconds, timed=timed)
    prompt, completion = (calls * each / bill.answers for each in (bill.prompt_tokens, bill.completion_tokens))
    price = prices.of(scored.settings)
    usd = None if price is None else price.usd(prompt, completion)
    source = "" if price is None else prices.source
    return Cost(calls, prompt, completion, usd, seconds, bill.answers, timed, price, source)


def _seconds(side: Contestant, scored: Scored) -> tuple[float | None, str]:
    """Seconds a call, and on what they were measured."""
    if scored.bill.sent:
        return scored.bill.seconds / scored.bill.sent, f"here, {scored.settings.threads} in flight"
    if scored.known and side.run is not None and side.run.pace is not None:
        return side.run.pace, "the run's last session, all roles"
    return None, ""
