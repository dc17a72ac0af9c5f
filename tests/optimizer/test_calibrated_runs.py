"""Whole runs with --calibrate: what is asked, what is reported of it, and what the commands make of such a judge."""

import csv
import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from programs import evaluate, export, optimize, score
from programs.applying.judging import read_as
from programs.optimizer.saved import load_judge
from tests.commands import NAMES, own_task, refused, run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm

SIZES = ["--train-size", 12, "--val-size", 12, "--test-size", 16, "--steps", 3, "--run", "one"]
ISOTONIC = ["--calibrate", "isotonic"]


def start(folder: Path, table: Path, monkeypatch: pytest.MonkeyPatch, *flags: object, engine: Any = None) -> FakeEngine:
    """A run in that folder, and what it asked."""
    engine = engine or FakeEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    arguments = (*own_task(table), *SIZES, *flags, "--runs-dir", folder)
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    return engine


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize(("mode", "gate"), [("Single", "mae"), ("SSC", "spearman")])
def test_the_estimate_holds_the_fits_and_nothing_is_asked_twice(
    mode: str, gate: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["--mode", mode, "--gate", gate, "--accept", "not_worse", *ISOTONIC]
    for reuse in ("on", "off"):
        engine = start(tmp_path / reuse, table, monkeypatch, *flags, "--reuse", reuse)
        summary = read(tmp_path / reuse / "one" / "summary.json")
        assert summary["calls"]["judge"]["calls"] == engine.counts()["judge"]
        for role, planned in summary["estimate"].items():
            tally = Counter(summary["calls"].get(role, {}))
            assert tally["calls"] + tally["reused"] + tally["skipped"] == planned, role
        if reuse == "on":
            asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
            assert len(asked) == len(set(asked))


def test_ratings_of_validation_and_test_rows_have_no_part_in_the_maps(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [*ISOTONIC, "--steps", "0"]
    start(tmp_path / "true", table, monkeypatch, *flags)
    trained = trained_answers(tmp_path / "true" / "one", table)
    with table.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    other = tmp_path / "other.csv"
    with other.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for identity, question, answer, helpful, polite in rows:
            own = answer in trained
            ratings = (helpful, polite) if own else (6 - int(helpful), 3 - int(polite))
            writer.writerow([identity, question, answer, *ratings])
    start(tmp_path / "false", other, monkeypatch, *flags)
    found = [read(tmp_path / name / "one" / "judge.json")["judgegrad"]["calibration"] for name in ("true", "false")]
    assert found[0] == found[1]
    assert found[0]["maps"]


def trained_answers(folder: Path, table: Path) -> set[str]:
    """The answers of the training rows, by the run's own split."""
    from programs.optimizer.settling import settled_task, sizes
    from programs.settings import Settings
    from programs.tasks.loading import load_rows
    from programs.tasks.splits import split_rows

    settings = Settings(**read(folder / "config.json")["settings"])
    rows = load_rows(settled_task(settings), str(table))
    return {row["answer"] for row in split_rows(rows, sizes(settings), settings.split_by, settings.seed).train}


@pytest.fixture
def ended(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A calibrated run by expectations."""
    start(tmp_path, table, monkeypatch, "--readout", "expected", "--mode", "CCC", *ISOTONIC, engine=DoubtfulEngine())
    return tmp_path / "one"


def test_what_calibration_is_worth_stands_beside_the_gain(ended: Path) -> None:
    summary, tested = read(ended / "summary.json"), read(ended / "scores.json")
    found = summary["calibration"]
    assert found["method"] == "isotonic"
    for part in ("before", "after"):
        own, raw = summary[part]["pooled"], found[part]["uncalibrated"]["pooled"]
        assert own["spearman"]["mean"]["value"] == pytest.approx(raw["spearman"]["mean"]["value"])  # the order stays
        gain = found[part]["beyond_uncalibrated"]["pooled"]["mae"]["mean"]["value"]
        assert gain == pytest.approx(own["mae"]["mean"]["value"] - raw["mae"]["mean"]["value"])
        assert found[part]["left"] == {}
    assert summary["difference"]["pooled"]["mae"]["mean"]["value"] == pytest.approx(
        summary["after"]["pooled"]["mae"]["mean"]["value"] - summary["before"]["pooled"]["mae"]["mean"]["value"]
    )
    digits = tested["digits"]["0"]
    assert tested["raw"]["0"] == [[(digit + 1) / 2 for digit in row] for row in digits]
    first = json.loads((ended / "steps.jsonl").read_text().splitlines()[0])
    judge = load_judge(ended)
    if first["rubric"] == judge.rubric:
        assert judge.calibration is not None
        mapped = [
            [judge.calibration(name, raw) for name, raw in zip(NAMES, row, strict=True)] for row in tested["raw"]["0"]
        ]
        assert tested["judges"]["0"] == mapped
    beyond = summary["readout"]["before"]["beyond_digits"]["pooled"]["mae"]["mean"]["value"]
    known = [summary["readout"]["before"]["digits"], found["before"]["uncalibrated"]]
    assert beyond == pytest.approx(
        known[1]["pooled"]["mae"]["mean"]["value"] - known[0]["pooled"]["mae"]["mean"]["value"]
    )
    assert "each calibrated by itself on training rows" in (ended / "report.html").read_text()


def test_commands_apply_it_show_what_is_raw_and_drop_it_for_another_readout(
    ended: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, judge = tmp_path / "scored.csv", load_judge(ended)
    assert judge.calibration is not None
    assert run(score.main, ended, "--data", table, "--out", out, monkeypatch=monkeypatch) == 0
    with out.open() as file:
        for row in csv.DictReader(file):
            for name in NAMES:
                assert float(row[f"{name}_score"]) == judge.calibration(name, float(row[f"{name}_raw"]))
                assert float(row[f"{name}_raw"]) == (float(row[f"{name}_digit"]) + 1) / 2
    capsys.readouterr()
    assert run(evaluate.main, ended, *own_task(table), "--out", tmp_path / "found.json", monkeypatch=monkeypatch) == 0
    assert "the same replies uncalibrated" in capsys.readouterr().out
    assert {"uncalibrated", "beyond_uncalibrated", "digits"} <= {*read(tmp_path / "found.json")}
    assert read_as(load_judge(ended), {"readout": "expected"}).calibration == judge.calibration
    assert read_as(load_judge(ended), {"readout": "digits"}).calibration is None
    assert run(export.main, ended, "--to", "text", "--out", tmp_path / "judge.txt", monkeypatch=monkeypatch) == 0
    assert "calibration: left out" in "".join(capsys.readouterr())


def test_threads_and_a_kill_change_nothing(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopping(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) == self.stop_at:
                raise KeyboardInterrupt
            return super().complete(request)

        stop_at = 7

    flags = ["--gate", "mae", "--accept", "not_worse", *ISOTONIC]
    start(tmp_path / "whole", table, monkeypatch, *flags, "--threads", 1)
    engine = Stopping()  # in the middle of the first fit
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    arguments = [*own_task(table), *SIZES, *flags, "--threads", 1, "--runs-dir", tmp_path / "half"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 130
    assert read(tmp_path / "half" / "one" / "judge.json")["judgegrad"]["calibration"]["maps"] == {}  # too few rows
    (tmp_path / "half" / "one" / "summary.json").unlink()
    engine.stop_at = -1
    assert (
        run(optimize.main, "--resume", "one", "--threads", 7, "--runs-dir", tmp_path / "half", monkeypatch=monkeypatch)
        == 0
    )
    for name in ("judge.json", "steps.jsonl", "scores.json"):
        assert (tmp_path / "half" / "one" / name).read_bytes() == (tmp_path / "whole" / "one" / name).read_bytes()


@pytest.mark.parametrize(
    "flags", [("--optimizer", "gepa", "--steps", "6"), ("--control", "ensemble"), ("--control", "shuffled")]
)
def test_peers_and_controls_get_the_same(
    flags: tuple[str, ...], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start(tmp_path, table, monkeypatch, *flags, *ISOTONIC)
    summary, stored = read(tmp_path / "one" / "summary.json"), read(tmp_path / "one" / "judge.json")["judgegrad"]
    assert {*stored["calibration"]["maps"]} | {*stored["calibration"]["left"]} == {*NAMES}
    assert summary["calibration"]["before"]["uncalibrated"]
    assert engine.counts()["judge"] <= summary["estimate"]["judge"]


def test_impossible_flags_are_one_line(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine(lambda name, system, user, levels: levels[zlib.crc32(user.encode()) % len(levels)])
    for flags, words in (
        (["--calibrate", "isotone"], "isotonic"),
        (["--calibrate", "cutpoints", "--calibrate-rows", "9"], "needs 10 training rows"),
    ):
        arguments = [*own_task(table), *SIZES, *flags, "--runs-dir", tmp_path / "runs"]
        assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
        refused(words, tmp_path, engine, capsys)
