"""Writes a study's tables.md and tables.csv from the JSON files of its finished cells. No LM call is made."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from metrics.detectable import POWER_FACTOR
from metrics.tokens import TOKENIZER
from programs.records.folder import write_text
from programs.studies import table_costs, table_interference, table_lengths, table_objectives, table_one
from programs.studies.interference.record import read_record
from programs.studies.lines import Line, as_csv
from programs.studies.plan import Study
from programs.studies.results import Configuration, Result, configurations, results_of

READING = f"""\
Read a cell so: `.412 [.310, .502]` is the value and its 95 % interval. Values are means over the criteria and the
seeds, pooled over each seed's test rows; intervals resample documents once for all seeds and hold for these seeds; the
spread over seeds is the standard deviation of the seeds' own values. `n` counts scored rows over all seeds; a document
may be tested under several. *Detectable* is half of a difference's interval: a smaller observed difference cannot be
told from zero (a true one must be {POWER_FACTOR:.2f} times as large to be found in four of five such studies).
`undefined` is no number, and never zero. `-` does not apply or needs more than is there: a spread more than
one seed, an interval six documents, the joint initial prompt a finished joint mode of every seed."""


def write_tables(path: Path, study: Study) -> list[Path]:
    """The files written; none where no cell is finished."""
    results = results_of(path, study)
    if not results:
        return []
    found = configurations(results)
    measured = read_record(path)
    parts = [_Task(task, found, results, measured) for task in dict.fromkeys(one.task for one in found)]
    files = {
        path / "tables.md": "\n\n".join([_head(study, results), *(part.markdown() for part in parts)]) + "\n",
        path / "tables.csv": as_csv(line for part in parts for line in part.lines()),
    }
    for file, text in files.items():
        write_text(file, text)
    return list(files)


class _Task:
    """The tables of one task."""

    def __init__(
        self, task: str, found: Sequence[Configuration], results: Sequence[Result], measured: Sequence[dict[str, Any]]
    ) -> None:
        self.task = task
        self.measured = [one for one in measured if one["task"] == task]
        self.configurations = [one for one in found if one.task == task]
        self.results = [result for result in results if result.cell.task_name == task]
        self.compared = [table_one.compare(one) for one in self.configurations]
        self.trajectories = [table_objectives.trajectory(one) for one in self.configurations]

    def lines(self) -> Iterator[Line]:
        yield from table_one.cell_lines(self.results)
        yield from table_one.lines(self.compared)
        yield from table_interference.lines(self.measured)
        yield from table_lengths.lines(self.results)
        yield from table_lengths.correlation_lines(self.task, self.results)
        yield from table_objectives.lines(self.trajectories)
        yield from table_costs.lines(self.results)

    def markdown(self) -> str:
        parts = (self._agreement, self._interference, self._lengths, self._objectives, self._costs)
        return "\n\n".join([f"# {self.task}", *(text for part in parts for text in part())])

    def _agreement(self) -> Iterator[str]:
        initial = table_one.baseline(self.configurations, self.task)
        for metric in table_one.SHOWN:
            yield f"## Table 1: {metric}"
            yield table_one.markdown(self.compared, initial, metric)

    def _interference(self) -> Iterator[str]:
        for record in sorted(self.measured, key=lambda one: one["selection"] == "test"):  # the biased one last
            yield from table_interference.markdown(record)

    def _lengths(self) -> Iterator[str]:
        yield "## Length asymmetry"
        yield f"Gini of the tokens per rubric (0: all alike), by step. Tokens are {TOKENIZER} tokens:"
        yield table_lengths.by_step(self.configurations, "gini")
        yield "Longest rubric against the shortest, by step:"
        yield table_lengths.by_step(self.configurations, "ratio")
        yield f"{TOKENIZER} tokens per rubric after the last step (share of the prompt's rubrics):"
        yield table_lengths.at_the_end(self.configurations)
        yield (
            "Does agreement fall where rubrics become unequal? Over the steps of all joint prompts, the interval by "
            "cell; what is of the prompt with the mean over the criteria, what is of a criterion with its own "
            "agreement (its own rubric changes too, so this says what goes together, not what causes what):"
        )
        yield table_lengths.correlations(self.results)

    def _objectives(self) -> Iterator[str]:
        yield "## Several criteria at once"
        for metric in table_objectives.REFERENCE:
            reference = table_objectives.REFERENCE[metric]
            yield (
                f"{metric}: hypervolume of the steps so far (reference {reference:g}; maxima over noisy steps are "
                "biased upward):"
            )
            yield table_objectives.markdown(self.trajectories, metric)
        yield "Mean Spearman of each step's judge minus the joint initial prompt's, on the same test rows:"
        yield table_objectives.ever_better(self.trajectories)
        steps = max(len(one.steps) for one in self.trajectories) - 1
        yield (
            f"{table_objectives.count(self.trajectories)} Each interval alone lies above zero in 2.5 % of cases where "
            f"nothing has changed, and each configuration has {steps} chances."
        )

    def _costs(self) -> Iterator[str]:
        yield "## Calls and tokens"
        yield (
            "*Asked* are the distinct requests that the cells needed, *sent* those that no other cell had paid for; "
            "failed requests are in neither."
        )
        yield table_costs.markdown(self.configurations)


def _head(study: Study, results: Sequence[Result]) -> str:
    known = {result.cell for result in results}
    missing = [cell.id for cell in study.cells() if cell not in known]
    left = f" Not finished, and in no table: {', '.join(missing)}." if missing else ""
    return f"{len(results)} of {len(study.cells())} cells are finished.{left}\n\n{READING}"
