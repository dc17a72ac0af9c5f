"""The tables' numbers against values worked out by hand, from the files of two small cells for each of two seeds."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.scores import Scores
from metrics.summary import difference, summarize
from programs.studies.comparison import comparisons
from programs.studies.plan import Study, study_of
from programs.studies.results import results_of
from programs.studies.sections import disagreement
from programs.studies.write import write_results
from signatures.records import Criterion

CRITERIA = (Criterion("a", 1, 5), Criterion("b", 1, 5))
ROWS = 8
HUMAN = np.array([[1, 1], [2, 2], [3, 3], [4, 4], [1, 1], [2, 2], [3, 3], [4, 4]], dtype=float)
OFF_BY_ONE = HUMAN + 1
"""Mean absolute error 1 on both criteria, and a perfect order."""
HALF = HUMAN + np.array([[1, 0]])
"""Mean absolute error 1 on a and 0 on b."""
LENGTHS = {0: {"a": "one two", "b": "one two"}, 1: {"a": "one two three four five six", "b": "one two"}}


def write_cell(study: Path, mode: str, seed: int, judges: dict[str, np.ndarray]) -> None:
    folder = study / "cells" / f"sample-{mode}-mae-{seed}"
    folder.mkdir(parents=True)
    before, kept = (Scores(CRITERIA, HUMAN, judges[name]) for name in ("0", "kept"))
    summary = {
        "stopped": None, "before": summarize(before), "after": summarize(kept), "difference": difference(before, kept),
        "calls": {}, "kept": [{"group": ["a", "b"], "step": 1 - seed}], "optimism": {},
    }  # fmt: skip
    tested = {
        "criteria": [{"name": each.name, "low": each.low, "high": each.high} for each in CRITERIA],
        "rows": [f"r{row}" for row in range(ROWS)],
        "clusters": [f"d{row + seed}" for row in range(ROWS)],
        "human": HUMAN.tolist(),
        "judges": {name: [[None if np.isnan(x) else x for x in row] for row in each] for name, each in judges.items()},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "scores.json").write_text(json.dumps(tested))
    decision = {"group": ["a", "b"], "kept": seed == 0, "reason": "better" if seed == 0 else "worse"}
    steps = [
        json.dumps({"step": step, "rubric": rubric, "gate": [decision] if step else []})
        for step, rubric in LENGTHS.items()
    ]
    (folder / "steps.jsonl").write_text("\n".join(steps) + "\n")
    counts = {"calls": 3, "prompt_tokens": 30, "completion_tokens": 6}
    costs = {f"{kind}_{name}": value for kind in ("asked", "sent") for name, value in counts.items()}
    (folder / "cost.json").write_text(json.dumps({"judge": costs}))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Single starts perfect and stays so; SSC starts one level off and mends b, in seed 1 only."""
    for seed in (0, 1):
        last = HALF if seed else OFF_BY_ONE
        write_cell(tmp_path, "SSC", seed, {"0": OFF_BY_ONE, "1": last, "kept": last})
        write_cell(tmp_path, "Single", seed, {"0": HUMAN, "1": HUMAN, "kept": HUMAN})
    write_results(tmp_path, plan())
    return tmp_path


def plan() -> Study:
    return study_of({"modes": "Single,SSC", "gates": "mae", "seeds": "0,1"})


def lines(study: Path, **wanted: Any) -> list[dict[str, str]]:
    with (study / "tables.csv").open(newline="") as file:
        return [
            line for line in csv.DictReader(file) if all(line[name] == str(value) for name, value in wanted.items())
        ]


def value(study: Path, **wanted: Any) -> float | None:
    (line,) = lines(study, **wanted)
    return float(line["value"]) if line["value"] else None


def test_means_over_seeds_and_their_spread(study: Path) -> None:
    own = {"table": "table1", "mode": "SSC", "metric": "mae", "criterion": "mean"}
    assert value(study, **own, what="before") == 1
    assert value(study, **own, what="after") == 0.75  # 1 in seed 0, 1/2 in seed 1
    (change,) = lines(study, **own, what="difference")
    assert float(change["value"]) == -0.25
    assert float(change["spread"]) == pytest.approx(0.5 / 2**0.5)
    assert change["n"] == "16"
    assert change["detectable"] == ""  # every document changed alike, so the interval has no width
    assert value(study, **{**own, "criterion": "b"}, what="difference") == -0.5


def test_every_mode_is_compared_with_the_joint_initial_judge(study: Path) -> None:
    own = {"table": "table1", "metric": "mae", "criterion": "mean"}
    assert value(study, **own, mode="Single", what="before") == 0  # its own initial judges
    assert value(study, **own, mode="Single", what="difference") == 0
    assert value(study, **own, mode="Single", what="against_initial") == -1
    assert value(study, **own, mode="SSC", what="against_initial") == -0.25
    assert "| joint initial prompt | - | 2 | 1.000 |" in (study / "tables.md").read_text().replace(
        " [1.000, 1.000]", ""
    )


def test_a_run_is_compared_with_its_own_replies_of_the_initial_judge(tmp_path: Path) -> None:
    """Asked again, on another machine, a model may answer otherwise: that is no gain of what was asked there."""
    write_cell(tmp_path, "SSC", 0, {"0": OFF_BY_ONE, "1": OFF_BY_ONE, "kept": OFF_BY_ONE})
    write_cell(tmp_path, "CCC", 0, {"0": HALF, "1": HALF, "kept": HALF})
    write_cell(tmp_path, "Single", 0, {"0": HUMAN, "1": HUMAN, "kept": HUMAN})
    write_results(tmp_path, study_of({"modes": "SSC,CCC,Single", "gates": "mae", "seeds": "0"}))
    own = {"table": "table1", "metric": "mae", "criterion": "mean", "what": "against_initial"}
    assert [value(tmp_path, **own, mode=mode) for mode in ("SSC", "CCC")] == [0, 0]
    assert value(tmp_path, **own, mode="Single") == -1  # it has none of its own: the first run's stands in


def test_lengths_by_step(study: Path) -> None:
    own = {"table": "lengths", "mode": "SSC", "seed": 0, "step": 1}
    assert value(study, **own, what="tokens", criterion="a") == 6
    assert value(study, **own, what="share", criterion="a") == 0.75
    assert value(study, **own, what="ratio") == 3
    assert value(study, **own, what="gini") == 0.25  # |6 - 2| twice, over 2 x 2 x 8


def test_hypervolume_and_non_dominated_steps(study: Path) -> None:
    own = {"table": "objectives", "mode": "SSC", "metric": "off_by_one"}
    assert value(study, **own, step=0, what="hypervolume") == 1  # everything within one level, twice
    assert [value(study, **own, step=step, what="non_dominated") for step in (0, 1)] == [1, 0]  # equal: only the first
    own["metric"] = "spearman"
    assert value(study, **own, step=1, what="hypervolume_so_far") == pytest.approx(4)  # (1 - -1) squared


def test_ever_better_counts_configurations(study: Path) -> None:
    text = (study / "tables.md").read_text()
    assert "2 of 2 configurations never beat the joint initial prompt at any step" in text  # the order was perfect


def test_calls_and_tokens_add_up(study: Path) -> None:
    assert "| all |  | judge | 12 | 12 | 120 | 120 | 24 | 24 |" in (study / "tables.md").read_text()


def test_an_unscored_criterion_is_undefined_and_no_zero(tmp_path: Path) -> None:
    nothing = np.where(np.arange(2) == 0, np.nan, HUMAN)
    for seed in (0, 1):
        write_cell(tmp_path, "SSC", seed, {"0": HUMAN, "1": nothing, "kept": nothing})
    write_results(tmp_path, plan())
    own = {"table": "table1", "mode": "SSC", "metric": "spearman", "what": "after"}
    assert value(tmp_path, **own, criterion="a") is None
    assert value(tmp_path, **own, criterion="mean") is None
    assert value(tmp_path, **own, criterion="b") == 1
    text = (tmp_path / "tables.md").read_text()
    assert "2 of 4 cells are finished. Not finished, and in no table: sample-Single-mae (seeds 0, 1)" in text
    assert "16/32" in text
    assert value(tmp_path, table="objectives", mode="SSC", metric="spearman", step=1, what="non_dominated") is None


def test_trajectories_by_criterion(study: Path) -> None:
    own = {"table": "trajectory", "mode": "SSC", "what": "value", "metric": "mae"}
    assert [value(study, **own, step=step, criterion="b") for step in (0, 1)] == [1, 0.5]  # mended in seed 1 only
    assert value(study, **own, step=1, criterion="mean") == 0.75
    assert value(study, **{**own, "metric": "spearman"}, step=1, criterion="a") == 1


def test_judges_are_laid_against_raters_level_by_level(study: Path) -> None:
    (task,) = comparisons(results_of(study, plan()))
    single, joint = (disagreement.grid(one.scores("kept")).parts for one in task.configurations)
    assert [count for count, _ in single[0].counts[0]] == [4, 0, 0, 0, 0]  # two rows of level 1 in each of two seeds
    assert [count for count, _ in joint[0].counts[0]] == [0, 4, 0, 0, 0]  # one level off
    assert joint[1].counts[3] == ((0, 0.0), (0, 0.0), (0, 0.0), (2, 0.5), (2, 0.5))  # mended in one seed


def test_coverage_and_the_gates_decisions_are_counted(study: Path) -> None:
    text = (study / "tables.md").read_text()
    assert "| SSC | mae | kept | 16/16 | 16/16 |" in text
    assert (
        "| SSC | mae | 1 | 1 | 0 | 0.50 |" in text
    )  # the gate's lines of write_cell: kept in seed 0, rejected in seed 1
    assert "| SSC | mae | 1, 0 | 1, 0 |" in text


def test_tables_need_no_rubrics_text_and_name_their_tokens(study: Path) -> None:
    before = (study / "tables.csv").read_bytes()
    for file in study.glob("cells/*/steps.jsonl"):
        file.unlink()
    write_results(study, plan())
    assert (study / "tables.csv").read_bytes() == before
    assert "cl100k_base tokens" in (study / "tables.md").read_text()
