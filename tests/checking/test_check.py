"""check.py end to end: what is frozen, what is asked, and what the exit code says."""

import json
import re
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest

from metrics.metric import spearman
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge, save_judge
from programs.tasks.describe import task_from_flags
from tests.checking.conftest import FLAGS, Check, NoisyEngine
from tests.fake import fake_lm


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def scores(path: Path) -> np.ndarray[Any, Any]:
    return np.array(read(path)["scores"], dtype=np.float64)


def test_a_frozen_file_holds_all_that_a_check_needs_and_no_more(anchors: Path, table: Path) -> None:
    held = read(anchors)
    assert scores(anchors).shape == (3, 40, 2)
    assert set(held["rows"][0]) == {"row_id", "document_id", "question", "answer", "helpful", "polite"}
    assert held["asking"]["lm"] == "local"
    assert held["asking"]["served"] is False
    assert "texts" in held["note"]
    assert str(table) not in anchors.read_text()
    assert not anchors.with_name("anchors.json.calls.jsonl").exists()


def test_the_anchors_are_scored_under_several_seeds_and_every_call_is_sent(
    judge: Path, table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cached: list[bool] = []

    def language_model(*_: object, cache: bool, **__: object) -> dspy.LM:
        cached.append(cache)
        return fake_lm(noisy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("programs.optimizer.cast.language_model", language_model)
        assert check_(judge, "--freeze", tmp_path / "a.json", "--data", table, "--rows", 20, "--repeats", 2) == 0
        assert check_(judge, tmp_path / "a.json", "--repeats", 2) == 0
    seeds = [asked.request.config.seed for asked in noisy.asked]
    assert sorted({seeds.count(seed) for seed in seeds}) == [20]
    assert len(set(seeds)) == 4  # a check never has the luck of the frozen scorings
    assert not any(cached)  # and nothing comes from a cache


def test_an_unchanged_judge_does_not_drift(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "check.json"
    assert check_(judge, anchors, "--out", out) == 0
    assert len(noisy.asked) == 40
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("no drift shown: 8 tests on 40 rows, false alarms in at most 1 %")
    found = read(out)
    assert found["verdict"] == "no drift shown"
    assert found["differences"] == []
    assert found["anchors"] == read(anchors)["sha256"]
    assert found["calls"]["judge"]["calls"] == 40
    assert (found["then"]["repeats"], found["now"]["repeats"]) == (3, 1)
    assert found["criteria"]["helpful"]["noise"]["deviation"] > 0


def test_drift_is_exit_1_and_named(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy.drift = 1
    out = tmp_path / "check.json"
    assert check_(judge, anchors, "--out", out) == 1
    line = capsys.readouterr().out.splitlines()[-1]
    found = read(out)["criteria"]
    bias = found["helpful"]["bias"]
    assert line.startswith(f"DRIFT: helpful bias +{bias['value']:.3f}".replace("+0.", "+."))
    assert "polite" not in line
    assert bias["verdict"] == "drift"
    assert found["polite"]["bias"]["verdict"] == "-"


def test_a_fixed_seed_gives_the_same_verdict_again(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path
) -> None:
    for name in ("one.json", "two.json"):
        check_(judge, anchors, "--out", tmp_path / name, "--threads", 1 if name == "one.json" else 8)
    assert read(tmp_path / "one.json") == read(tmp_path / "two.json")


def test_rows_that_the_judge_no_longer_scores_are_drift_of_the_coverage(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy.silent = 0.4
    assert check_(judge, anchors) == 1
    assert "polite coverage -." in capsys.readouterr().out.splitlines()[-1]


def test_what_is_tolerated_is_said_and_is_no_drift(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy.drift = 1
    assert check_(judge, anchors, "--tolerance", "bias=2,spread=1,spearman=.5") == 0
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert verdict.startswith("no drift beyond --tolerance shown: ")
    assert "tolerated: helpful bias +" in verdict
    assert check_(judge, anchors, "--tolerance", "bias=.1") == 1


def test_github_actions_sees_annotations(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    noisy.drift = 1
    assert check_(judge, anchors, "--lm", "openai/other") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == (
        "::warning title=judge drift::the judge asked is not as frozen: its LM is openai/other, was local"
    )
    assert lines[-1].startswith("::error title=judge drift::DRIFT: helpful bias")


def test_a_changed_judge_is_said(
    anchors: Path, judge: Path, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_judge(load_judge(judge).with_rubric({"polite": "Be strict."}), tmp_path / "other.json")
    assert check_(tmp_path / "other.json", anchors, "--judge-temperature", ".5") in (0, 1)
    printed = capsys.readouterr().out
    assert "its temperature is 0.5, was 0.1; its prompt, or its calibration, is not the frozen one" in printed


def test_agreement_with_the_ratings_is_that_of_the_metrics(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path
) -> None:
    out = tmp_path / "check.json"
    check_(judge, anchors, "--out", out)
    human = np.array([[row["helpful"], row["polite"]] for row in read(anchors)["rows"]])
    raters = read(out)["raters"]
    for column, name in enumerate(("helpful", "polite")):
        values = [spearman(each[:, column], human[:, column]) for each in scores(anchors)]
        assert raters["then"][name]["value"] == pytest.approx(np.mean([value for value in values if value is not None]))
        change = raters["now"][name]["value"] - raters["then"][name]["value"]
        assert raters["difference"][name]["value"] == pytest.approx(change)


def test_texts_without_ratings_can_be_anchors(
    judge: Path, table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.csv"
    texts.write_text("question,answer\n" + "".join(f"Why?,answer {place}\n" for place in range(30)))
    anchors, out = tmp_path / "a.json", tmp_path / "o.json"
    assert check_(judge, "--freeze", anchors, "--data", texts) == 0
    assert "and their ratings" not in capsys.readouterr().out
    assert check_(judge, anchors, "--out", out) == 0
    assert (read(out)["raters"], read(out)["rows"]) == (None, 30)


def test_rows_rated_by_single_raters_are_rated_anchors(
    table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path
) -> None:
    rated, anchors = tmp_path / "raters.csv", tmp_path / "a.json"
    lines = [f"Why?,answer {place},{1 + place % 5},{1 + place % 4},{place % 3}" for place in range(30)]
    rated.write_text("\n".join(["question,answer,anna,ben,polite", *lines]))
    task = task_from_flags("question,answer", "helpful:1-5@anna,ben,polite:0-3")
    save_judge(Judge(task), tmp_path / "rated.json")
    assert check_(tmp_path / "rated.json", "--freeze", anchors, "--data", rated) == 0
    held = read(anchors)
    assert held["rated"]
    assert {row["answer"]: row["helpful"] for row in held["rows"]}["answer 4"] == (5 + 1) / 2
    assert "anna" not in anchors.read_text()
    assert check_(tmp_path / "rated.json", anchors) == 0


def test_a_table_of_single_ratings_is_joined_by_the_row_ids_that_row_names(
    judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path
) -> None:
    texts, ratings, anchors = (tmp_path / name for name in ("texts.csv", "ratings.csv", "a.json"))
    texts.write_text("key,id,question,answer\n" + "".join(f"k{n},d{n},Why?,answer {n}\n" for n in range(30)))
    scores = [f"k{n},{who},{1 + n % 5},{n % 4}" for n in range(30) for who in ("anna", "ben")]
    ratings.write_text("\n".join(["key,rater,helpful,polite", *scores]))
    assert check_(judge, "--freeze", anchors, "--data", texts, "--row", "key", "--ratings", ratings) == 0
    held = read(anchors)
    assert held["rated"]
    assert {row["answer"]: row["helpful"] for row in held["rows"]}["answer 4"] == 5


def test_an_interrupted_freeze_goes_on_without_repeating_a_call(
    judge: Path, table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    freeze = ["--freeze", tmp_path / "a.json", "--data", table, "--rows", 20]
    noisy.most = 33
    assert check_(judge, *freeze, "--threads", 1) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
    noisy.most = None
    assert check_(judge, *freeze) == 0
    assert len(noisy.asked) == 60
    assert "it holds the texts of 20 rows and their ratings" in capsys.readouterr().out
    assert check_(judge, "--freeze", tmp_path / "b.json", "--data", table, "--rows", 20) == 0
    assert read(tmp_path / "a.json")["scores"] == read(tmp_path / "b.json")["scores"]


def test_an_lm_that_fails_is_exit_3_and_no_verdict(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy.most, noisy.failure = 5, dspy.lm15.AuthError("key revoked")
    capsys.readouterr()
    assert check_(judge, anchors, "--out", tmp_path / "o.json", "--threads", 1) == 3
    printed = capsys.readouterr()
    assert "key revoked" in printed.err
    sent, failed = map(
        int, re.search(r"ended early: (\d+) LM calls were sent, (\d+) of them failed", printed.err).groups()
    )
    assert sent - failed == 5
    assert printed.out == ""
    assert not (tmp_path / "o.json").exists()


def test_an_anchor_file_that_was_changed_is_refused(
    anchors: Path, judge: Path, noisy: NoisyEngine, check_: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    held = read(anchors)
    held["scores"][0][0][0] = 1 if held["scores"][0][0][0] != 1 else 2
    anchors.write_text(json.dumps(held))
    capsys.readouterr()
    assert check_(judge, anchors) == 2
    assert "has been changed since it was written" in capsys.readouterr().err
    assert not noisy.asked


def test_a_judge_of_other_scales_is_refused(
    anchors: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_judge(Judge(task_from_flags(FLAGS[0], "helpful:1-3,polite:0-3")), tmp_path / "other.json")
    capsys.readouterr()
    assert check_(tmp_path / "other.json", anchors) == 2
    assert "helpful:1-3" in capsys.readouterr().err
    assert not noisy.asked


BAD = {
    "neither": ([], "one of them"),
    "both": (["ANCHORS", "--freeze", "x.json"], "one of them"),
    "no such file": (["nothing.json"], "there is no anchor file"),
    "no anchors": (["JUDGE"], "is no anchor file"),
    "data when checking": (["ANCHORS", "--data", "x.csv"], "--data goes with freezing only"),
    "rows when checking": (["ANCHORS", "--rows", "10"], "--rows goes with freezing only"),
    "alpha when freezing": (["--freeze", "x.json", "--alpha", ".1"], "--alpha goes with checking only"),
    "reuse": (["ANCHORS", "--reuse", "on"], "says nothing of the judge today"),
    "many repeats": (["ANCHORS", "--repeats", "9"], "at most 5"),
    "one repeat": (["--freeze", "x.json", "--repeats", "1"], "give 2 or more"),
    "too many rows": (["--freeze", "x.json", "--data", "TABLE", "--rows", "61"], "the data hold 60 rows"),
    "no data": (["--freeze", "x.json"], "--data"),
    "freeze exists": (["--freeze", "ANCHORS", "--data", "TABLE"], "exists already and would be lost"),
    "freeze nowhere": (["--freeze", "no/x.json", "--data", "TABLE"], "--freeze no/x.json: its folder does not exist"),
    "out over anchors": (["ANCHORS", "--out", "ANCHORS"], "would be lost"),
    "alpha": (["ANCHORS", "--alpha", "2"], "out of range"),
    "measure": (["ANCHORS", "--tolerance", "bais=.1"], "did you mean 'bias'"),
    "number": (["ANCHORS", "--tolerance", "bias=low"], "is not bias=NUMBER"),
    "twice": (["ANCHORS", "--tolerance", "bias=.1,bias=.2"], "names bias twice"),
    "negative": (["ANCHORS", "--tolerance", "bias=-1"], "out of range"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_asks_nothing(
    name: str, anchors: Path, judge: Path, table: Path, noisy: NoisyEngine, check_: Check,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    arguments, words = BAD[name]
    monkeypatch.chdir(tmp_path)
    before, places = anchors.read_bytes(), {"ANCHORS": str(anchors), "JUDGE": str(judge), "TABLE": str(table)}
    capsys.readouterr()
    assert check_(judge, *(places.get(word, word) for word in arguments)) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert not noisy.asked
    assert anchors.read_bytes() == before
    assert not (tmp_path / "x.json").exists()


def test_anchors_of_a_server_ask_for_its_address(
    judge: Path, table: Path, noisy: NoisyEngine, check_: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://user-host:8000/v1"
    flags = ["--freeze", tmp_path / "a.json", "--data", table, "--rows", 10, "--lm", "m", "--api-base", url]
    assert check_(judge, *flags) == 0
    assert "user-host" not in (tmp_path / "a.json").read_text()
    capsys.readouterr()
    assert check_(judge, tmp_path / "a.json") == 2
    assert "give its --api-base" in capsys.readouterr().err
    assert check_(judge, tmp_path / "a.json", "--api-base", url) == 0
