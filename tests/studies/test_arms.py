"""Named arms of a study: flags that are checked as a run's, one cell an arm and seed, one yardstick for all."""

import csv
import json
import math
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dspy.lm15 import Request, Response, TokenLogprob, TopLogprob

from programs import report, study
from programs.settings import PRESETS
from programs.studies.file import flags_of
from programs.studies.plan import study_of
from tests.commands import answered_by, own_task, refused, run, write_table
from tests.fake import FakeEngine, fake_lm
from tests.studies.conftest import Study

FILE = """
inputs = "question,answer"
criteria = "helpful:1-5,polite:0-3"
group = "id"
train-size = 8
val-size = 8
test-size = 16
steps = 2
batch-size = 6
threads = 2
seeds = [0, 1]
equal-calls = "ssc"
[arms.initial]
steps = 0
[arms.alike]
steps = 0
readout = "expected"
[arms.ssc]
[arms.ccc]
mode = "ccc"
readout = "expected"
[arms.single]
mode = "Single"
readout = "expected"
steps = 1
[arms.gepa]
optimizer = "gepa"
"""


class Torn(FakeEngine):
    """Says 1 where it means 3 as much: expectations tie what digits tell apart."""

    def complete(self, request: Request) -> Response:
        response = super().complete(request)
        if request.config.logprobs is None:
            return response
        return replace(response, logprobs=tuple(map(_torn, re.findall(r"\d|\D+", response.message.text))))


def _torn(text: str) -> TokenLogprob:
    meant = {text, "3"} if text == "1" else {text}
    chance = -math.log(len(meant))
    return TokenLogprob(text, chance, top=tuple(TopLogprob(each, chance) for each in sorted(meant)))


NAMES = ("initial", "alike", "ssc", "ccc", "single", "gepa")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Torn]:
    """A finished study of six arms, its file beside it, and the engine that answered."""
    root, engine = tmp_path_factory.mktemp("arms"), Torn()
    table = write_table(root / "rated.csv")
    (root / "abl.toml").write_text(f'data = "{table}"\n{FILE}')
    with answered_by(lambda: engine) as patch:
        assert run(study.main, root / "abl.toml", "--runs-dir", root, "--yes", monkeypatch=patch) == 0
    return root / "abl", engine


def summary(path: Path, arm: str, seed: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "cells" / f"custom-{arm}-{seed}" / "summary.json").read_text())
    return found


def lines(path: Path, **wanted: str) -> list[dict[str, str]]:
    with (path / "tables.csv").open() as file:
        return [line for line in csv.DictReader(file) if all(line[name] == value for name, value in wanted.items())]


def mean(path: Path, arm: str, what: str, table: str = "table1") -> float:
    own = {"metric": "spearman", "criterion": "mean"}
    (line,) = lines(path, table=table, mode=arm, what=what, **own)
    return float(line["value"])


def test_each_arm_is_a_cell_a_seed_on_the_same_rows_and_nothing_is_paid_for_twice(
    made: tuple[Path, Torn],
) -> None:
    path, engine = made
    cells = {each.name for each in (path / "cells").iterdir()}
    assert cells == {f"custom-{name}-{seed}" for name in NAMES for seed in (0, 1)}
    asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
    assert len(asked) == len(set(asked))
    tested = [json.loads((path / "cells" / f"custom-{name}-0" / "scores.json").read_text()) for name in NAMES]
    assert all(each["rows"] == tested[0]["rows"] for each in tested)
    assert {line["mode"] for line in lines(path, table="table1")} == set(NAMES)
    kept = [json.loads((path / "cells" / f"custom-{name}-0" / "config.json").read_text()) for name in NAMES]
    assert [each["settings"]["readout"] for each in kept] == [
        "digits",
        "expected",
        "digits",
        *["expected"] * 2,
        "digits",
    ]


def test_an_arm_with_anchors_shows_them_to_its_judge_whatever_stands_before_it(
    table: Path, start: Study, tmp_path: Path, engine: FakeEngine
) -> None:
    arms = tmp_path / "arms.toml"
    arms.write_text("steps = 0\n[arms.plain]\n[arms.shown]\nanchors = 2\n[arms.more]\nanchors = 3\n")
    flags = [*own_task(table), "--train-size", 8, "--val-size", 8, "--test-size", 8, "--batch-size", 2]
    assert start(arms, *flags, "--seeds", "0", "--run", "a", "--runs-dir", tmp_path, "--yes") == 0
    shown = Counter(len(each.request.messages) // 2 for each in engine.of("judge"))
    assert {*shown} == {0, 2, 3}
    heads = [json.loads((tmp_path / "a" / "cells" / f"custom-{arm}-0" / "judge.json").read_text())["heads[0]"]
             for arm in ("plain", "shown", "more")]  # fmt: skip
    assert [len(head["demos"]) for head in heads] == [0, 2, 3]


def test_an_arm_is_compared_with_the_initial_prompt_read_alike_and_with_the_plain_one(
    made: tuple[Path, Torn],
) -> None:
    path, _ = made
    start, alike = (mean(path, name, "after") for name in ("initial", "alike"))
    assert start != alike
    for arm in ("ccc", "single"):
        assert mean(path, arm, "against_initial") == pytest.approx(mean(path, arm, "after") - alike)
        assert mean(path, arm, "against_plain", "ablation") == pytest.approx(mean(path, arm, "after") - start)
    assert mean(path, "alike", "against_initial") == 0
    text = (path / "tables.md").read_text()
    assert "| joint initial prompt, expected | - | 2 |" in text
    assert "## Ablation" in text
    assert "| ccc | --mode CCC --readout expected |" in text


def test_budgets_are_equal_and_costs_are_those_of_the_judges(made: tuple[Path, Torn]) -> None:
    path, _ = made
    costs = {(line["mode"], line["what"]): float(line["value"]) for line in lines(path, table="ablation", metric="")}
    assert costs["ssc", "of_reference"] == 1
    assert 0 < costs["initial", "of_reference"] < 0.2  # its scores of the validation rows
    assert costs["ccc", "of_reference"] <= 1
    assert summary(path, "ccc")["estimate"]["rewrite"] > 2  # it asks less a step, so that it has more of them
    assert summary(path, "single")["estimate"]["rewrite"] == 2  # an arm's own steps stay: one, for two criteria
    judge = sum(summary(path, "ssc")["estimate"].values()) - 2 * 16
    assert sum(summary(path, "gepa")["estimate"].values()) - 2 * 16 <= judge
    assert costs["single", "judge_calls_a_row"] == 2
    assert costs["single", "prompt_tokens_a_row"] > 1.2 * costs["initial", "prompt_tokens_a_row"]
    assert costs["initial", "of_joint_prompt"] == 1
    assert costs["gepa", "seconds"] >= 0


def test_shares_of_the_reference_wait_until_it_is_finished(
    made: tuple[Path, Torn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(made[0], tmp_path / "abl"))
    for seed in (0, 1):
        shutil.rmtree(path / "cells" / f"custom-ssc-{seed}")
    assert run(report.main, path, monkeypatch=monkeypatch) == 0
    whats = {line["what"] for line in lines(path, table="ablation", metric="")}
    assert "search_calls" in whats and "of_reference" not in whats


def test_tables_can_be_made_from_what_is_kept_and_arms_and_seeds_can_be_added(
    made: tuple[Path, Torn],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path, engine = made
    kept = tmp_path / "kept"
    assert run(report.main, path, "--results", kept, monkeypatch=monkeypatch) == 0
    assert (kept / "tables.csv").read_bytes() == (path / "tables.csv").read_bytes()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    file = path.parent / "abl.toml"
    file.write_text(file.read_text() + '[arms.best]\npreset = "best"\nsteps = 0\nanchors = 0\ncalibrate = "none"\n')
    asked = len(engine.asked)
    assert run(study.main, file, "--runs-dir", path.parent, "--yes", monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == asked  # the initial prompt under expectations is known
    assert mean(path, "best", "after") == mean(path, "alike", "after")
    assert run(report.main, path, "--results", kept, monkeypatch=monkeypatch) == 0
    assert mean(kept, "best", "after") == mean(path, "best", "after")
    text = file.read_text()
    for before, after, words in (
        ("[arms.best]", "[arms.other]", "study has an arm best"),
        ("[arms.alike]\nsteps = 0", "[arms.alike]\nsteps = 1", "[arms.alike] differs"),
    ):
        file.write_text(text.replace(before, after))
        assert run(study.main, file, "--runs-dir", path.parent, "--yes", monkeypatch=monkeypatch) == 2
        assert words in capsys.readouterr().err
    file.write_text(text)


BAD = {
    "an unknown key": ("[arms.a]\nreadut = 1", "[arms.a]: unknown key 'readut'; did you mean 'readout'"),
    "a wrong value": ('[arms.a]\nreadout = "digit"', "[arms.a]: argument --readout: invalid choice"),
    "other rows": ("[arms.a]\ntest-size = 3", "test-size 3 is not the study's"),
    "the paper's rows": ('[arms.a]\npreset = "paper"', "all arms work on the same rows"),
    "a seed": ("[arms.a]\nseed = 3", "seed 3 is not the study's"),
    "what cannot be": ('[arms.a]\noptimizer = "gepa"\ncontrol = "shuffled"', "--control shuffled goes with"),
    "no table": ("arms = 3", "cannot be read"),
    "no budget of that name": ('equal-calls = "b"\n[arms.a]\n', "no arm 'b'"),
    "a name": ('[arms."a b"]\n', "an arm's name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arms_are_one_line(
    case: str, table: Path, tmp_path: Path, engine: FakeEngine, start: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = BAD[case]
    (tmp_path / "bad.toml").write_text(text)
    assert start(tmp_path / "bad.toml", *own_task(table), "--runs-dir", tmp_path / "runs", "--yes") == 2
    refused(words, tmp_path, engine, capsys)


@pytest.mark.parametrize(
    "name, needed",
    [
        ("ablation", {"initial", "single", "gepa", "shuffled", "paraphrase", "ensemble", "ssc"}),
        ("remedies", {"initial", "anchors", "shuffled", "paraphrase", "merge-llm", "pcgrad-random", "pcgrad-crossed"}),
    ],
)
def test_an_example_is_a_study_with_its_controls(name: str, needed: set[str]) -> None:
    flags = flags_of(str(Path(__file__).parents[2] / "docs" / "studies" / f"{name}.toml"), study.parser())
    assert flags.pop("run") == name
    found = study_of(flags)
    assert needed | ({found.equal_calls} - {""}) <= set(found.arms)
    assert len(found.cells()) == 3 * len(found.arms)


def test_arms_stand_for_themselves_unless_modes_are_named_beside_them() -> None:
    arms = {"a": {"mode": "ccc"}, "b": {"preset": "best"}}
    cells = study_of({"arms": arms, "seeds": "0"}).cells()
    assert [(cell.id, cell.mode, cell.gate) for cell in cells] == [
        ("sample-a-0", "CCC", "spearman"), ("sample-b-0", "SSC", "spearman"),
    ]  # fmt: skip
    assert cells[1].flags({"readout": "digits"}).items() >= PRESETS["best"].items()
    both = study_of({"arms": arms, "seeds": "0", "modes": "SCC", "gates": "mae"}).cells()
    assert [cell.id for cell in both] == ["sample-SCC-mae-0", "sample-a-0", "sample-b-0"]
    assert [cell.gate for cell in both[1:]] == ["mae", "mae"]
