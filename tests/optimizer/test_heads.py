"""Which criteria share a judge's call, by flag: in a run and with a saved judge."""

import json
from pathlib import Path

import pytest

from programs import evaluate, optimize, score
from programs.errors import UserError
from programs.optimizer.heads import divided, judge_groups
from programs.optimizer.modes import MODES
from programs.optimizer.saved import load_judge
from tests.commands import SIZES, own_task, refused, run
from tests.fake import FakeEngine


def test_joint_separate_and_clusters() -> None:
    names = ["a", "b", "c"]
    assert divided("joint", names) == (("a", "b", "c"),)
    assert divided("separate", names) == (("a",), ("b",), ("c",))
    assert divided("clusters: c + a , b", names) == (("c", "a"), ("b",))


def test_the_mode_decides_where_no_flag_does() -> None:
    assert judge_groups("mode", MODES["Single"], ["a", "b"]) == (("a",), ("b",))
    assert judge_groups("mode", MODES["CCC"], ["a", "b"]) == (("a", "b"),)
    assert judge_groups("joint", MODES["Single"], ["a", "b"]) == (("a", "b"),)


@pytest.mark.parametrize(
    ("division", "words"),
    [
        ("seperate", "did you mean 'separate'"),
        ("clusters:a+b", "name c 0 times"),
        ("clusters:a+b,c+a", "name a 2 times"),
        ("clusters:a+b,d", "'d' is no criterion"),
        ("clusters:", "'' is no criterion"),
    ],
)
def test_what_is_no_division_is_refused(division: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        divided(division, ["a", "b", "c"])


def optimized(name: str, table: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, *flags: str) -> Path:
    arguments = [*own_task(table), *SIZES, "--lm", "fake", "--runs-dir", runs, "--run", name, *flags]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    return runs / name


def test_sss_with_separate_calls_is_single(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = optimized("single", table, tmp_path, monkeypatch, "--mode", "Single")
    asked = engine.counts()
    engine.asked.clear()
    other = optimized("other", table, tmp_path, monkeypatch, "--mode", "SSS", "--judge", "separate")
    assert engine.counts() == asked
    for file in ("judge.json", "steps.jsonl", "scores.json"):
        assert (single / file).read_bytes() == (other / file).read_bytes()


def test_the_estimate_counts_the_calls_of_a_divided_judge(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [
        optimized(division, table, tmp_path, monkeypatch, "--judge", division, "--reuse", "off")
        for division in ("joint", "separate")
    ]
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    joint, separate = (summary["estimate"]["judge"] for summary in summaries)
    assert separate == 2 * joint
    for summary in summaries:
        assert summary["calls"]["judge"]["calls"] == summary["estimate"]["judge"]


def test_a_saved_judge_is_asked_as_the_flag_says(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = optimized("one", table, tmp_path, monkeypatch)
    engine.asked.clear()
    flags = ["--data", table, "--lm", "fake", "--reuse", "off", "--judge", "separate"]
    assert run(evaluate.main, folder, *flags, monkeypatch=monkeypatch) == 0
    assert engine.counts()["judge"] == 2 * 60
    assert not any("helpful (" in asked.system and "polite (" in asked.system for asked in engine.asked)
    engine.asked.clear()
    out = tmp_path / "scored.csv"
    assert run(score.main, folder, *flags, "--out", out, monkeypatch=monkeypatch) == 0
    assert engine.counts()["judge"] == 2 * 60


@pytest.mark.parametrize("flags", [["--optimizer", "gepa"], ["--control", "ensemble"]])
def test_what_has_no_steps_takes_no_division(
    flags: list[str],
    table: Path,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [*own_task(table), "--lm", "fake", "--runs-dir", tmp_path / "runs", "--judge", "separate", *flags]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
    refused("--judge separate goes with the steps", tmp_path, engine, capsys)


def interference(path: Path, *highs: float) -> Path:
    """A study's file with an experiment for each upper end of what "polite" costs "helpful"."""
    pairs = [
        {
            "mean": {},
            "helpful|polite": {"value": high - 0.1, "high": high},
            "polite|helpful": {"value": 0.0, "high": 0.1},
        }
        for high in highs
    ]
    path.write_text(json.dumps({"format": 1, "experiments": [{"pairs": each} for each in pairs]}))
    return path


def test_a_study_says_which_criteria_share_a_call(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = interference(tmp_path / "interference.json", -0.1)
    folder = optimized("apart", table, tmp_path, monkeypatch, "--judge", f"clusters:{file}")
    settings = json.loads((folder / "config.json").read_text())["settings"]
    assert settings["judge"] == "clusters:helpful,polite"  # whatever becomes of the file
    assert load_judge(folder).groups == (("helpful",), ("polite",))
    interference(file, 0.1)
    engine.asked.clear()
    flags = ["--data", table, "--lm", "fake", "--reuse", "off", "--judge", f"clusters:{file}"]
    assert run(evaluate.main, folder, *flags, monkeypatch=monkeypatch) == 0
    assert engine.counts()["judge"] == 60


def test_a_file_that_does_not_say_is_refused(tmp_path: Path) -> None:
    file, names = tmp_path / "interference.json", ["helpful", "polite"]
    with pytest.raises(UserError, match=r"disagree \(helpful\+polite or helpful,polite\)"):
        divided(f"clusters:{interference(file, -0.1, 0.1)}", names)
    with pytest.raises(UserError, match="has no pairs of helpful, fluent"):
        divided(f"clusters:{file}", ["helpful", "fluent"])
    file.write_text('{"pairs": 1}')
    with pytest.raises(UserError, match=r"is no interference\.json of a study"):
        divided(f"clusters:{file}", names)
    with pytest.raises(UserError, match=r"absent\.json"):
        divided(f"clusters:{tmp_path / 'absent.json'}", names)
