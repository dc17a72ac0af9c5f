"""What a run will take, said before it starts: calls, tokens and dollars, a bound and an expected figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metrics.tokens import count_tokens
from programs.optimizer.cast import in_fields, local_most, role_lm
from programs.optimizer.heads import largest_groups
from programs.optimizer.judge import ADAPTERS, Judge
from programs.optimizer.methods import initial_judge
from programs.optimizer.modes import parse_mode
from programs.optimizer.pricing import is_local, prices_of
from programs.records.budget import REPLY_TOKENS
from programs.records.calls import CallLog
from programs.records.spending import paid_in, total
from programs.settings import ASSISTANTS, Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.gradient import Gradient
from signatures.loss import Loss

ROWS = 100
"""Rows whose prompts are made to be counted."""

NOTE, LEVEL, COMPARISON = 120, 6, 60
"""Tokens of a loss or a gradient, of one score in a reply, and of one line that compares two scores: assumed, since
nothing is known of the replies before there are any."""

CASES = {"difference": 1, "pairs": 2}
"""Rows that a gradient sees, at most, by the kind of its loss."""

OVERHEAD = 400
"""Bytes of a request beside its texts, and of its schema by criterion."""


def forecast(settings: Settings, task: Task, splits: Splits, calls: Mapping[str, int]) -> dict[str, Any]:
    """`{"most": {calls, tokens, usd}, "expected": {tokens, usd}}` of a run that makes `calls` by role.

    Expected are the lengths of the judge's real prompts (by `metrics.tokens`), and assumed ones of the notes, if all
    these calls are made; less where answers are reused. The most tokens are known where replies are capped (embedded
    LMs, `--max-tokens`, `--max-cost`), else None; dollars where every role that asks has a price, else None.
    """
    prices = prices_of(settings)
    asking = {role: count for role, count in calls.items() if count}
    judge = initial_judge(settings, task, splits)
    expected, most = (_of_roles(asking, tokens(settings, judge, splits)) for tokens in (_expected, _most))
    priced = all(role in prices for role in asking)

    def total(by_role: Mapping[str, tuple[int, int]], known: bool, limits: tuple[float | None, ...]) -> dict[str, Any]:
        tokens: float | None = sum(map(sum, by_role.values())) if known else None
        usd = sum(prices[role].usd(*each) for role, each in by_role.items()) if known and priced else None
        return {"tokens": _least(tokens, limits[0]), "usd": _least(usd, limits[1])}

    bound = total(most, _capped(settings, asking), (settings.max_tokens, settings.max_cost))
    count = _least(sum(asking.values()), settings.max_calls)
    return {"most": {"calls": count, **bound}, "expected": total(expected, True, (None, None))}


def forecast_words(found: Mapping[str, Any]) -> str:
    """The forecast as a line of the screen."""
    most, expected = found["most"], found["expected"]
    about = f"about {amounts_words(expected)} if all are made"
    bound = amounts_words({name: most[name] for name in ("tokens", "usd")})
    return f"estimate: at most {most['calls']:,} LM calls, {about}{f'; at most {bound}' if bound else ''}"


def spent_words(found: Mapping[str, Any], spent: Mapping[str, Any]) -> str:
    """The forecast beside what was spent, as a line of the screen."""
    most, expected = found["most"], found["expected"]
    asked = amounts_words({"calls": spent["calls"], "tokens": spent["tokens"], "usd": spent["usd"]})
    return f"spent: {asked} (estimate: at most {most['calls']:,} calls, about {amounts_words(expected)})"


def spending(
    settings: Settings, task: Task, splits: Splits, most: Mapping[str, int], calls: CallLog, log: Path
) -> dict[str, Any]:
    """The forecast, and what was spent over all sessions, as far as the log knows."""
    failed = {role: tally.failed for role, tally in calls.tallies.items()}
    spent = total(paid_in([log]), failed, prices_of(settings))
    return {"estimate": forecast(settings, task, splits, most), "spent": spent}


def amounts_words(found: Mapping[str, Any]) -> str:
    """`12 calls, 3,400 tokens, $0.0120`; what is not known is left out."""
    forms = {"calls": "{:,.0f} calls", "tokens": "{:,.0f} tokens", "usd": "${:,.4f}"}
    return ", ".join(form.format(found[name]) for name, form in forms.items() if found.get(name) is not None)


def _expected(settings: Settings, judge: Judge, splits: Splits) -> dict[str, tuple[float, float]]:
    """Role -> tokens of a prompt and of a reply, in the mean."""
    task, rows = judge.task, [*splits.test, *splits.validation, *splits.train][:ROWS]
    prompts = [count_tokens(text) for row in rows for text in _prompts(judge, row)]
    asked = sum(prompts) / len(prompts)
    texts = sum(count_tokens(" ".join(row[name] for name in task.input_names)) for row in rows) / len(rows)
    criteria = len(task.criteria)
    loss, gradient = (count_tokens(each.instructions) for each in (Loss, Gradient))
    feedback = settings.batch_size * (texts + NOTE * criteria)
    case = texts * CASES[settings.loss]
    return {
        "judge": (asked, LEVEL * criteria / len(judge.heads)),
        "loss": (loss + 2 * COMPARISON, NOTE),
        "gradient": (gradient + asked + case + NOTE, NOTE * criteria if in_fields(settings) else NOTE),
        "rewrite": (gradient + asked + feedback, NOTE * criteria),
        "condense": (gradient + feedback, NOTE * criteria),
        "embed": (NOTE, 0),
        "rater": (gradient + 2 * NOTE, LEVEL),
    }


def _most(settings: Settings, judge: Judge, splits: Splits) -> dict[str, tuple[int, int]]:
    """Role -> most tokens of a prompt and of a reply: a token is a byte or more, and a reply that is quoted has as many
    tokens as before."""
    caps = {"embed": 0, **{role: _cap(settings, role) for role in local_most(settings)}}
    judge, task = _longest(judge, settings), judge.task
    rows = [*splits.test, *splits.validation, *splits.train]
    static = max(len(text.encode()) for text in _prompts(judge, rows[0]))
    text = max(sum(len(row[name].encode()) for name in task.input_names) for row in rows)
    criteria = len(task.criteria)
    shown = static + criteria * caps["rewrite"] + OVERHEAD * (1 + criteria)  # rubrics that a rewrite has made longer
    prompts = {
        "judge": shown + text,
        "loss": len(Loss.instructions.encode()) + OVERHEAD * (1 + 2 * criteria),
        "gradient": len(Gradient.instructions.encode())
        + 2 * shown
        + CASES[settings.loss] * text
        + criteria * caps["loss"],
        "rewrite": 3 * shown + settings.batch_size * (text + OVERHEAD + criteria * caps["gradient"]),
        "condense": 3 * shown + settings.batch_size * criteria * caps["gradient"],
        "embed": 4 * caps["condense"] * criteria,
        "rater": 10 * OVERHEAD + caps["gradient"] + criteria * caps["rewrite"],
    }
    return {role: (most, caps[role]) for role, most in prompts.items()}


def _longest(judge: Judge, settings: Settings) -> Judge:
    """The judge with the longest prompts that it may come to have."""
    if not settings.stepwise:
        return judge
    return judge.with_groups(largest_groups(settings.judge, parse_mode(settings.mode), judge.task.criterion_names))


def _prompts(judge: Judge, row: Any) -> list[str]:
    """The text of every head's prompt for a row."""
    adapter: Any = ADAPTERS[judge.adapter](schema=judge.schema)
    inputs = {name: row[name] for name in judge.task.input_names}
    asked = [adapter.format(head.signature, head.demos, inputs) for head in judge.heads]
    return ["\n".join(str(message["content"]) for message in messages) for messages in asked]


def _cap(settings: Settings, role: str) -> int:
    return local_most(settings)[role] if _local(settings, role) else REPLY_TOKENS


def _capped(settings: Settings, asking: Mapping[str, int]) -> bool:
    limited = settings.max_tokens is not None or settings.max_cost is not None
    return limited or all(_local(settings, role) for role in asking)


def _local(settings: Settings, role: str) -> bool:
    if role == "embed":
        return is_local(settings.embedder)
    return role_lm(settings, ASSISTANTS.get(role, role)).model.startswith("local")


def _of_roles(asking: Mapping[str, int], tokens: Mapping[str, tuple[float, float]]) -> dict[str, tuple[int, int]]:
    """Role -> tokens of all its prompts and of all its replies."""
    return {role: (round(count * tokens[role][0]), round(count * tokens[role][1])) for role, count in asking.items()}


def _least(value: float | None, limit: float | None) -> float | None:
    return value if limit is None else limit if value is None else min(value, limit)
