"""compare.py: the same rows for all, nothing paid twice, and every number as an independent computation has it."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from programs.optimizer.settling import sizes
from programs.optimizer.tested import row_mark
from programs.records.folder import RunFolder, read_json
from programs.stored import stored_settings
from programs.tasks.loading import load_rows
from programs.tasks.splits import Splits, split_rows
from programs.tasks.task import Task
from tests.commands import NAMES, own_task
from tests.fake import FakeEngine

Comparing = Callable[..., dict[str, Any]]


def splits_of(name: str) -> Splits:
    """What a run trained, validated and tested on."""
    config = read_json(RunFolder(Path("runs") / name).config)
    settings, task = stored_settings(config["settings"]), Task.from_dict(config["task"], name)
    return split_rows(load_rows(task, settings.data), sizes(settings), settings.split_by, settings.seed)


def kept_scores(name: str) -> dict[str, list[float | None]]:
    """Row mark -> the kept judge's scores, as scores.json has them."""
    found = read_json(Path("runs") / name / "scores.json")
    return dict(zip(found["rows"], found["judges"]["kept"], strict=True))


def judge(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["judges"] if each["name"] == name)


def test_two_runs_on_one_table_cost_nothing_and_their_numbers_are_scipys(
    comparing: Comparing, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    found = comparing("runs/joint", "single")
    assert not engine.asked
    rows = splits_of("joint").test
    assert found["rows"] == {"which": "the test rows of joint", "compared": 16, "of": 16, "seen_by": {}}
    human = np.array([[row[name] for name in NAMES] for row in rows])
    marks = [row_mark(row["row_id"]) for row in rows]
    scores = {name: np.array([kept_scores(name)[mark] for mark in marks]) for name in ("joint", "single")}
    assert not np.array_equal(scores["joint"], scores["single"])
    (pair,) = found["comparisons"]
    assert (pair["reference"], pair["candidate"]) == ("joint", "single")
    for column, criterion in enumerate(NAMES):
        values = {name: spearmanr(human[:, column], each[:, column]).statistic for name, each in scores.items()}
        for name, value in values.items():
            assert judge(found, name)["pooled"][criterion]["value"] == pytest.approx(value)
        assert pair["pooled"][criterion]["value"] == pytest.approx(values["single"] - values["joint"])
        assert pair["pooled"][criterion]["n"] == 16
    printed = capsys.readouterr().out
    assert printed.count("16 rows read from the run, 0 LM calls") == 2
    assert "single minus joint: spearman, pooled over the rows" in printed
    assert f"single against joint: {pair['pooled']['mean']['verdict']}" in printed


def test_rows_that_another_run_has_learned_from_are_left_out_and_only_unknown_ones_are_asked(
    comparing: Comparing, engine: FakeEngine
) -> None:
    found = comparing("joint", "other")
    first, other = splits_of("joint"), splits_of("other")
    learned = {row["document_id"] for row in (*other.train, *other.validation)}
    left = [row for row in first.test if row["document_id"] not in learned]
    seen = len(first.test) - len(left)
    assert 0 < seen < 16
    assert found["rows"] == {
        "which": "the test rows of joint", "compared": len(left), "of": 16, "seen_by": {"other": seen},
    }  # fmt: skip
    known = {row["row_id"] for row in left} & {row["row_id"] for row in other.test}
    assert len(engine.asked) == len(left) - len(known)
    assert judge(found, "other")["calls"]["calls"] == len(engine.asked)
    assert judge(found, "joint")["coverage"]["helpful"]["rows"] == len(left)
    assert f"{seen} left out, since runs have trained or validated on them (other {seen})" in found["notes"][0]


def test_given_data_are_compared_whole_but_for_what_was_seen(comparing: Comparing, engine: FakeEngine) -> None:
    splits = splits_of("joint")
    found = comparing("joint", "single", "--data", "rated.csv")
    learned = {row["document_id"] for row in (*splits.train, *splits.validation)}
    left = [row for row in load_rows(*_table()) if row["document_id"] not in learned]
    assert found["rows"]["compared"] == len(left) > 16
    assert found["rows"]["seen_by"] == {"joint": 60 - len(left), "single": 60 - len(left)}
    assert len(engine.of("judge")) == (len(left) - 16) * 3  # joint: one call a row, single: one a criterion


def test_another_table_is_searched_for_texts_that_were_seen(comparing: Comparing) -> None:
    """Its rows have other numbers and documents, but some of the same texts."""
    splits = splits_of("joint")
    texts = [splits.train[0]["answer"], splits.validation[0]["answer"], splits.test[0]["answer"], "a new answer"]
    with Path("more.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "answer", *NAMES])
        writer.writerows([f"new{place}", "Why?", text, 1 + place, place % 4] for place, text in enumerate(texts))
    found = comparing("joint", "single", "--data", "more.csv")
    assert found["rows"] == {"which": "more.csv", "compared": 2, "of": 4, "seen_by": {"joint": 2, "single": 2}}


def test_a_saved_judge_is_asked_as_the_run_and_what_the_run_paid_for_is_found_again(
    comparing: Comparing, engine: FakeEngine
) -> None:
    Path("mine").mkdir()
    shutil.copy("runs/single/judge.json", "mine/judge.json")
    found = comparing("runs/joint", "mine/judge.json", "runs/single")
    assert not engine.asked
    assert judge(found, "mine")["calls"]["reused"] == 16 * 2
    for view in ("pooled", "by_document", "coverage"):
        assert judge(found, "mine")[view] == judge(found, "single")[view]
    assert any("mine is a judge without its run" in note for note in found["notes"])
    (_, last) = found["comparisons"]
    assert (last["reference"], last["candidate"]) == ("joint", "single")


def test_a_judge_json_in_its_runs_folder_is_the_run(comparing: Comparing, engine: FakeEngine) -> None:
    found = comparing("runs/joint", "runs/other/judge.json")
    assert found["rows"]["seen_by"].keys() == {"other"}
    assert judge(found, "other")["what"].startswith("run ")


def test_another_lm_is_asked_anew_and_identical_requests_once(comparing: Comparing, engine: FakeEngine) -> None:
    shutil.copy("runs/joint/judge.json", "copy.json")
    found = comparing("joint", "copy.json", "--lm", "openai/another", "--reuse", "on")
    # it is not read from scores.json, but all LMs of the fake engine have one name, so that the log knows the requests
    assert [judge(found, name)["calls"]["reused"] for name in ("joint", "copy")] == [16, 16]
    assert {each["lm"] for each in found["judges"]} == {"openai/another"}
    found = comparing("joint", "copy.json", "--reuse", "off")
    assert len(engine.asked) == 32
    assert judge(found, "copy")["calls"]["calls"] == 16


def test_a_runs_judge_keeps_its_seed_and_a_saved_one_takes_the_given(comparing: Comparing, engine: FakeEngine) -> None:
    shutil.copy("runs/joint/judge.json", "copy.json")
    found = comparing("joint", "copy.json", "--seed", "7")
    assert found["seed"] == 7
    assert judge(found, "joint")["calls"] == {}
    assert judge(found, "copy")["calls"]["calls"] == len(engine.asked) == 16


def test_an_ensemble_is_one_judge_and_costs_its_draws(comparing: Comparing, engine: FakeEngine) -> None:
    found = comparing("joint", "ensemble")
    assert not engine.asked
    size = read_json(Path("runs/ensemble/summary.json"))["method"]["calls_per_row"]
    assert judge(found, "ensemble")["per_1000_judgements"]["calls"] == 1000 * size
    before = kept_scores("ensemble")
    found = comparing("joint", "ensemble", "--reuse", "off")
    assert len(engine.asked) == 16 * (1 + size)
    assert kept_scores("ensemble") == before
    marks = [row_mark(row["row_id"]) for row in splits_of("joint").test]
    human = [row["helpful"] for row in splits_of("joint").test]
    wanted = spearmanr(human, [before[mark][0] for mark in marks]).statistic
    assert judge(found, "ensemble")["pooled"]["helpful"]["value"] == pytest.approx(wanted)


def test_readouts_that_differ_are_said_and_can_be_made_one(comparing: Comparing, engine: FakeEngine) -> None:
    found = comparing("joint", "expected")
    assert any("joint by digits, expected by expected" in note for note in found["notes"])
    stored = read_json(Path("runs/expected/scores.json"))
    digits = dict(zip(stored["rows"], stored["digits"]["kept"], strict=True))
    found = comparing("joint", "expected", "--readout", "digits", "--metric", "mae")
    assert not engine.asked
    assert not any("read in different ways" in note for note in found["notes"])
    rows = splits_of("joint").test
    wanted = np.mean([abs(row["helpful"] - digits[row_mark(row["row_id"])][0]) for row in rows])
    assert judge(found, "expected")["pooled"]["helpful"]["value"] == pytest.approx(wanted)
    assert judge(found, "expected")["per_1000_judgements"]["measured"] == 16  # of the run's own replies


def test_every_pair_is_compared_where_all_are_asked_for(comparing: Comparing) -> None:
    found = comparing("joint", "single", "expected", "--against", "all", "--names", "a,b,c", "--rows", "2")
    pairs = [(pair["reference"], pair["candidate"]) for pair in found["comparisons"]]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    assert len(found["differ_most"]) == 2


def test_the_rows_where_they_differ_most_are_quoted_with_everybodys_scores(
    comparing: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    found = comparing("joint", "single", "--html", "page.html")
    rows = {str(row["row_id"]): row for row in splits_of("joint").test}
    apart = {}
    for row_id, row in rows.items():
        one, other = (kept_scores(name)[row_mark(row["row_id"])] for name in ("joint", "single"))
        apart[row_id] = np.mean([abs(a - b) / width for a, b, width in zip(one, other, (4, 3), strict=True)])
    first = found["differ_most"][0]
    assert first["spread"] == pytest.approx(max(apart.values())) == pytest.approx(apart[first["row"]])
    assert first["texts"]["answer"] == rows[first["row"]]["answer"]
    own = kept_scores("single")[row_mark(first["row"])]
    assert first["scores"]["polite"] == {
        "raters": rows[first["row"]]["polite"], "joint": first["scores"]["polite"]["joint"], "single": own[1],
    }  # fmt: skip
    page = Path("page.html").read_text()
    assert rows[first["row"]]["answer"] in page
    assert "figure-differences-pooled" in page
    assert first["row"] in capsys.readouterr().out


def test_costs_are_those_of_counted_calls(comparing: Comparing, engine: FakeEngine) -> None:
    prices = ["--price-in", "2", "--price-out", "10"]
    found = comparing("joint", "single", *prices)
    cost = judge(found, "joint")["per_1000_judgements"]
    timing = read_json(Path("runs/joint/timing.json"))
    sent = sum(tally["calls"] for tally in timing["calls"].values())
    assert (cost["calls"], cost["measured"]) == (1000, 16)
    assert cost["seconds"] == pytest.approx(1000 * timing["seconds"] / sent)
    assert "run" in cost["timed"]
    asked = comparing("joint", "single", *prices, "--reuse", "off")
    assert len(engine.asked) == 16 * 3
    for name, heads in (("joint", 1), ("single", 2)):
        again, tally = judge(asked, name)["per_1000_judgements"], judge(asked, name)["calls"]
        assert again["prompt_tokens"] == pytest.approx(1000 * tally["prompt_tokens"] / 16)
        assert again["completion_tokens"] == pytest.approx(1000 * tally["completion_tokens"] / 16)
        assert again["usd"] == pytest.approx((2 * again["prompt_tokens"] + 10 * again["completion_tokens"]) / 1e6)
        assert again["calls"] == 1000 * heads
        assert again["timed"].startswith("here")
        assert again["seconds"] > 0
        before = judge(found, name)["per_1000_judgements"]  # from the run's own log: the same prompts
        assert (before["prompt_tokens"], before["usd"]) == (again["prompt_tokens"], pytest.approx(again["usd"]))


def test_without_the_lm_scores_are_read_all_the_same_and_its_tokens_are_not_measured(
    comparing: Comparing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from programs.errors import UserError

    def missing(*_: object, **__: object) -> None:
        raise UserError("needs an API key")

    monkeypatch.setattr("programs.optimizer.cast.language_model", missing)
    found = comparing("joint", "single")
    cost = judge(found, "joint")["per_1000_judgements"]
    assert (cost["prompt_tokens"], cost["usd"], cost["measured"]) == (None, None, 0)
    assert judge(found, "joint")["pooled"]["helpful"]["n"] == 16
    assert "not measured" in capsys.readouterr().out


def test_unscored_rows_are_covered_by_neither_and_said(comparing: Comparing, engine: FakeEngine) -> None:
    shutil.copy("runs/joint/judge.json", "copy.json")
    engine.reply = lambda asked: '{"helpful": 2}' if re.search(r"answer \d*[123]\b", asked.user) else None
    found = comparing("joint", "copy.json", "--seed", "9")
    (pair,) = found["comparisons"]
    gone = judge(found, "copy")["coverage"]["polite"]["unscored"]
    assert gone > 0
    assert pair["coverage"]["polite"] == {"rows": 16, "scored": 16 - gone, "unscored": gone}
    assert pair["pooled"]["polite"]["n"] == 16 - gone
    assert judge(found, "joint")["pooled"]["polite"]["n"] == 16


def _table() -> tuple[Task, str]:
    config = read_json(Path("runs/joint/config.json"))
    return Task.from_dict(config["task"], "joint"), str(own_task(Path("rated.csv"))[1])


def test_a_page_escapes_what_names_and_texts_hold(comparing: Comparing) -> None:
    payload = "</script><script>window.hacked=1</script>"
    splits, table = splits_of("joint"), Path("rated.csv").read_text()
    for row in splits.test:
        table = table.replace(f"{row['answer']},", f"{row['answer']} {payload},")
    Path("hostile.csv").write_text(table)
    found = comparing("joint", "single", "--data", "hostile.csv", "--html", "page.html", "--names", f"a{payload},b")
    assert found["differ_most"]
    page = Path("page.html").read_text()
    assert payload not in page
    assert "&lt;script&gt;window.hacked" in page
