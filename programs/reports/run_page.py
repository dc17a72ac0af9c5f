"""The page of one run."""

from programs.reports import agreement, ceiling, costs, disagreement, overview, rubrics, scrutiny, steps
from programs.reports.figures import figures
from programs.reports.page import render
from programs.reports.run_files import RunFiles


def run_page(run: RunFiles, texts: disagreement.Texts) -> str:
    """The report of one run. `texts` are those of the test rows that may be quoted."""
    return render(
        "run.html",
        run=run,
        headline=overview.headline(run),
        cautions=overview.cautions(run),
        facts=overview.facts(run),
        figures={each.name: each for each in figures(run)},
        main_tables=agreement.main_tables(run),
        other_tables=agreement.other_tables(run),
        coverage=agreement.coverage_table(run),
        worst_case=agreement.worst_case_table(run),
        scrutiny=scrutiny.parts(run),
        ceiling=ceiling.ceiling_part(run, texts),
        histories=rubrics.histories(run),
        gates=rubrics.gate_table(run),
        steps=steps.step_views(run),
        confusions={part: disagreement.confusions(run, part) for part in ("after", "before")},
        worst=disagreement.worst_rows(run, texts),
        costs=costs.cost_table(run),
        step_costs=costs.step_table(run),
        settings=overview.settings_tables(run),
    )
