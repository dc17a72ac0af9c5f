"""The figures of a run: agreement before and after, trajectories by criterion, and the rubrics' lengths."""

from collections.abc import Callable
from typing import Any

from programs.report_tables import cell_text
from programs.reports.agreement import TITLES
from programs.reports.diff import word_count
from programs.reports.plot import MEAN, PALETTE, Figure, axis, figure, plain, step_axis
from programs.reports.run_files import Record, RunFiles
from programs.reports.table import Table, number
from programs.reports.traces import Values, dots, lines, proposals


def figures(run: RunFiles) -> list[Figure]:
    """All that the run's files can show, in the order of the page."""
    drawn = [agreement_figure(run)]
    if len(run.steps) > 1:
        drawn += [validation_figure(run), lengths_figure(run), shares_figure(run)]
    if sum(bool(step["scores"]) for step in run.steps) > 1:
        drawn.append(test_figure(run))
    return drawn


def agreement_figure(run: RunFiles) -> Figure:
    """Before and after per criterion, with intervals."""
    parts = {part: run.summary[part]["pooled"][run.metric] for part in ("before", "after")}
    names = list(parts["before"])
    titles = [run.titles.get(name, "mean") for name in names]
    traces = [
        dots(list(parts["before"].values()), "before", MEAN, "circle", 0.13),
        dots(list(parts["after"].values()), "after", PALETTE[0], "diamond", -0.13),
    ]
    ticks = {"tickvals": [-place for place in range(len(names))], "ticktext": [plain(title) for title in titles]}
    title = f"{TITLES[run.metric]} on the test rows, before and after"
    return figure(
        "agreement",
        title,
        "Pooled over the test rows, with 95 % intervals. Undefined values are not drawn.",
        traces,
        Table.of(
            title,
            ("criterion", "before", "after"),
            [
                [title, cell_text(parts["before"][name]), cell_text(parts["after"][name])]
                for name, title in zip(names, titles, strict=True)
            ],
        ),
        height=130 + 52 * len(names),
        xaxis=axis(run.metric.replace("_", " ")),
        yaxis=axis("", range=[-len(names) + 0.5, 0.5], **ticks),
    )


def validation_figure(run: RunFiles) -> Figure:
    """The current judge on the gate's rows after each step, and every rewrite that the gate decided on."""
    traces = [*lines(run, lambda step: step["validation"]), *proposals(run, _gated)]
    return _trajectory(
        run,
        "validation",
        f"{TITLES[run.metric]} on the gate's validation rows, by step",
        "Lines are the current judge. A ring marks a rewrite that the gate kept, a cross one that it rejected, at the "
        "value the rewrite had. These rows decide what is kept, so they flatter it; the test rows do not.",
        traces,
        lambda step: step["validation"],
    )


def test_figure(run: RunFiles) -> Figure:
    """The current judge on the test rows after the steps at which they were scored."""

    def tested(step: Record) -> Values:
        return (step["scores"] or {}).get(run.metric, {})

    return _trajectory(
        run,
        "test",
        f"{TITLES[run.metric]} on the test rows, by step",
        "The current judge. Nothing was chosen on these rows.",
        lines(run, tested),
        tested,
    )


def lengths_figure(run: RunFiles) -> Figure:
    """Words in each rubric after each step."""
    return _trajectory(
        run,
        "lengths",
        "Length of the rubrics, by step",
        "Words in the current judge's rubric of each criterion; rings and crosses are the rewrites kept and rejected.",
        [*lines(run, _lengths, mean=False), *proposals(run, _proposed_lengths)],
        _lengths,
        whole=True,
        yaxis=axis("words", rangemode="tozero"),
    )


def shares_figure(run: RunFiles) -> Figure:
    """Each rubric's share of all words."""
    steps = [step["step"] for step in run.steps]
    traces = [
        {
            "type": "bar",
            "x": steps,
            "y": [_shares(step)[name] for step in run.steps],
            "name": plain(title),
            "marker": {"color": PALETTE[place % len(PALETTE)], "line": {"width": 1, "color": "rgba(127,127,127,.6)"}},
        }
        for place, (name, title) in enumerate(run.titles.items())
    ]
    return _trajectory(
        run,
        "shares",
        "Share of each rubric in all rubrics' words, by step",
        "A rubric that grows takes attention from the others.",
        traces,
        _shares,
        barmode="stack",
        yaxis=axis("share of the words", range=[0, 1], tickformat=".0%"),
        xaxis={**step_axis(len(run.steps) - 1), "range": [-0.6, len(run.steps) - 0.4]},
    )


def _trajectory(
    run: RunFiles,
    name: str,
    title: str,
    caption: str,
    traces: list[dict[str, Any]],
    values: Callable[[Record], Values],
    whole: bool = False,
    **layout: Any,
) -> Figure:
    known = [(step["step"], values(step)) for step in run.steps if values(step)]
    rows = [[str(step), *(_cell(found.get(criterion), whole) for criterion in run.titles)] for step, found in known]
    axes = {"xaxis": step_axis(len(run.steps) - 1), "yaxis": axis(run.metric.replace("_", " "))}
    return figure(
        name, title, caption, traces, Table.of(title, ("step", *run.titles.values()), rows), **{**axes, **layout}
    )


def _cell(value: float | None, whole: bool) -> str:
    return f"{value:g}" if whole and value is not None else number(value)


def _gated(step: Record) -> Values:
    """What the gate measured of the rewrites, by criterion."""
    return {name: value for verdict in step["gate"] for name, value in verdict["after"].items()}


def _proposed_lengths(step: Record) -> Values:
    return {name: word_count(text) for name, text in step["proposal"].items()}


def _lengths(step: Record) -> dict[str, float | None]:
    return {name: word_count(text) for name, text in step["rubric"].items()}


def _shares(step: Record) -> dict[str, float | None]:
    words = {name: word_count(text) for name, text in step["rubric"].items()}
    total = sum(words.values())
    return {name: count / total if total else None for name, count in words.items()}
