"""What score.py writes of each text: the input's columns, score, probabilities and confidence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.applying.scoring.conftest import NAMES, read, write_texts
from tests.fake import FakeEngine, fake_lm

Scored = Callable[..., int]


def test_the_inputs_columns_come_first_and_are_as_they_were(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 0
    found = read(tmp_path / "out.csv")
    assert list(found[0]) == [
        "note", "text",
        "kind_score", "kind_p1", "kind_p2", "kind_p3", "kind_confidence",
        "clear_score", "clear_p0", "clear_p1", "clear_p2", "clear_p3", "clear_confidence",
    ]  # fmt: skip
    assert [{name: row[name] for name in ("note", "text")} for row in found] == read(texts)


def test_probabilities_are_those_of_the_reply_and_confidence_is_computed_from_them(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    """The engine says a digit and has 1 for as likely."""
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv", "--readout", "expected") == 0
    widths = {"kind": range(1, 4), "clear": range(4)}
    for row in read(tmp_path / "out.csv"):
        for name, levels in widths.items():
            digit = int(row[f"{name}_digit"])
            expected = {level: (level in (digit, 1)) / len({digit, 1}) for level in levels}
            assert {level: float(row[f"{name}_p{level}"]) for level in levels} == pytest.approx(expected)
            score = sum(level * share for level, share in expected.items())
            assert float(row[f"{name}_score"]) == pytest.approx(score)
            distance = sum(share * abs(level - score) for level, share in expected.items())
            width = len(levels) - 1
            assert float(row[f"{name}_confidence"]) == pytest.approx(1 - distance / width, abs=1e-6)


def test_off_asks_for_no_logprobs_and_writes_scores_only(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv", "--probabilities", "off") == 0
    assert list(read(tmp_path / "out.csv")[0])[2:] == ["kind_score", "clear_score"]
    assert {asked.request.config.logprobs for asked in engine.asked} == {None}


def test_where_replies_hold_no_logprobs_confidence_is_unknown_and_said_to_be(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(FakeEngine()))
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 0
    for row in read(tmp_path / "out.csv"):
        assert row["kind_score"]
        assert {cell for name, cell in row.items() if name.startswith(("kind_p", "kind_c"))} == {""}
    assert "without a confidence: 46 scores" in capsys.readouterr().out


def test_of_an_lm_that_is_known_to_give_none_they_are_not_asked_for(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bare = type("Bare", (FakeEngine,), {"supported_params": frozenset()})()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(bare))
    out = tmp_path / "out.csv"
    assert scored(judge, "--data", texts, "--out", out) == 0
    assert list(read(out)[0])[2:] == ["kind_score", "clear_score"]
    assert scored(judge, "--data", texts, "--out", out, "--probabilities", "on") == 2
    assert "known not to give token probabilities" in capsys.readouterr().err


def test_an_unscored_criterion_is_empty_and_counted(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.reply = lambda asked: '{"kind":2}' if "text 7" in asked.user else None
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 0
    row = read(tmp_path / "out.csv")[7]
    assert (row["kind_score"], row["clear_score"], row["clear_p0"], row["clear_confidence"]) == ("2", "", "", "")
    record = json.loads((tmp_path / "out.csv.json").read_text())
    assert record["scores"]["clear"] == {"rows": 23, "scored": 22, "abstained": 0, "unscored": 1, "unknown": 0}


@pytest.mark.parametrize("column", ["kind_score", "clear_p3", "kind_confidence", "kind_abstained"])
def test_a_column_that_would_be_overwritten_is_refused(
    column: str, judge: Path, tmp_path: Path, scored: Scored, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "texts.csv"
    data.write_text(f"text,{column}\na,b\n")
    code = scored(judge, "--data", data, "--out", tmp_path / "out.csv")
    if column == "kind_abstained":  # not one of ours without --abstain
        assert code == 0
        return
    assert code == 2
    assert f"the column '{column}' exists already" in capsys.readouterr().err
    assert not engine.asked
    assert not list(tmp_path.glob("out.csv*"))


def test_heads_of_their_own_give_the_same_columns(
    judge: Path, separate: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    """The fake engine's scores depend on criterion and text alone."""
    engine.score = lambda name, system, user, levels: levels[(len(name) + user.count("1")) % len(levels)]
    assert scored(judge, "--data", texts, "--out", tmp_path / "joint.csv") == 0
    assert scored(separate, "--data", texts, "--out", tmp_path / "apart.csv") == 0
    assert read(tmp_path / "joint.csv") == read(tmp_path / "apart.csv")
    assert len(engine.asked) == 23 + 46


def test_equal_texts_are_asked_once_across_blocks(
    judge: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    texts = write_texts(tmp_path / "texts.csv", [f"text {place % 3}" for place in range(17)])
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv", "--threads", 1) == 0
    assert len(engine.asked) == 3
    engine.asked.clear()
    assert scored(judge, "--data", texts, "--out", tmp_path / "two.csv", "--reuse", "off") == 0
    assert len(engine.asked) == 17
    assert [row[f"{NAMES[0]}_score"] for row in read(tmp_path / "two.csv")]
