"""A run's folder as it is sent to MLflow, and a study's."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from programs.records.folder import RunFolder, read_json
from programs.studies.cost import costs_of
from programs.tracking.ledger import run_at
from programs.tracking.measures import description, final_values, gate_metric, params_of, step_values, whole_costs
from programs.tracking.place import masked
from programs.tracking.store import Measure, Store
from programs.tracking.tracked import FAILED, FINISHED, KILLED, NOTE, PARENT, RUNNING, At, Tracked, when

TEXTS = ("rubric", "proposal", "refused", "gate")
"""What of a step is an artifact of its own: the rubrics after it, and what was proposed and why it was not kept."""


RESULTS = ("tables.md", "tables.csv", "report.html")
"""A study's artifacts."""


class TrackedRun(Tracked):
    """A run: its settings are parameters, its steps metrics, rubrics, judge, summary and report artifacts.

    `study` is the folder of the study whose cell it is.
    """

    def __init__(self, folder: RunFolder, study: Path | None = None) -> None:
        super().__init__(folder.path, folder.config, (folder.judge, folder.summary, folder.report), (folder.steps,))
        self.folder = folder
        self._study = study

    def params(self) -> dict[str, str]:
        return params_of(read_json(self.folder.config))

    def tags(self, store: Store) -> dict[str, str]:
        own = source(self.path, read_json(self.folder.config).get("commit"))
        if self._study is None:
            return own
        return {**own, "judgegrad.study": self._study.name, PARENT: run_at(self._study, store.place) or ""}

    def status(self, ending: str | None) -> str:
        """One that its budget stopped is finished too once its session ends; one without a summary has failed."""
        if self.folder.finished:
            return FINISHED
        if ending != FINISHED:
            return ending or RUNNING
        if not self.folder.summary.exists():
            return FAILED
        return KILLED if read_json(self.folder.summary)["stopped"] == "interrupted" else FINISHED

    def send_lines(self, store: Store, at: At) -> At:
        """The steps. A resumed run writes its file anew, with the same lines."""
        metric, spent = gate_metric(read_json(self.folder.config)), Counter[str]()
        for place, record in enumerate(whole_lines(self.folder.steps), start=1):
            spent.update(record["spent"])
            if place > at.sent.lines:
                at = replace(at, sent=replace(at.sent, lines=place))
                texts = {name: record[name] for name in TEXTS}
                store.text(at.run_id, json.dumps(texts, indent=1, ensure_ascii=False), rubric_file(record))
                values = step_values(record, metric, spent)
                store.log(at.run_id, measures(values, record["step"], when(self.folder.steps)), at.sent.tag, {})
        return at

    def closing(self, path: Path) -> tuple[list[Measure], dict[str, str]]:
        """What summary.json says, at the last step."""
        if path != self.folder.summary:
            return [], {}
        summary, metric = read_json(path), gate_metric(read_json(self.folder.config))
        values = final_values(summary, metric)
        if self.folder.calls.exists():
            values |= whole_costs(costs_of(self.folder.calls))
        last = max((record["step"] for record in whole_lines(self.folder.steps)), default=0)
        tags = {NOTE: description(summary, metric), "judgegrad.stopped": summary["stopped"] or "no"}
        return measures(values, last, when(path)), tags


class TrackedStudy(Tracked):
    """A study, the parent of its cells' runs: its lists are parameters, its tables and page artifacts."""

    def __init__(self, path: Path, cells: Sequence[RunFolder]) -> None:
        super().__init__(path, path / "study.json", [path / name for name in RESULTS])
        self._cells = cells

    def params(self) -> dict[str, str]:
        study = read_json(self._start)["study"]
        lists = {name: ",".join(map(str, value)) for name, value in study.items() if isinstance(value, list) and value}
        settings = {name: str(value) for name, value in study["settings"].items() if value is not None}
        return {name: masked(value) for name, value in {**settings, **lists}.items()}

    def tags(self, store: Store) -> dict[str, str]:
        return {**source(self.path, read_json(self._start).get("commit")), "judgegrad.study": self.path.name}

    def status(self, ending: str | None) -> str:
        whole = all(cell.summary.exists() for cell in self._cells)
        return FAILED if ending == FINISHED and not whole else ending or RUNNING


def source(path: Path, commit: str | None) -> dict[str, str]:
    """Tags that lead back from MLflow to the folder and the program."""
    known = {"mlflow.source.git.commit": commit} if commit else {}
    return {"judgegrad.folder": str(path.resolve()), "mlflow.source.name": "judgegrad", **known}


def measures(values: Mapping[str, float], step: int, at: int) -> list[Measure]:
    return [Measure(name, value, step, at) for name, value in values.items()]


def rubric_file(record: Mapping[str, Any]) -> str:
    return f"rubrics/step-{record['step']:03}.json"


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file that is still written to: its last one may not be whole."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]
