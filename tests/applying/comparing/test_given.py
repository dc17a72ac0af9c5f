"""Scores that somebody else's judge gave: found by text, by id or in the rows' own table; refused where in doubt."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr

from programs import compare, score
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.describe import task_from_flags
from tests.applying.comparing.test_compare import Comparing, judge, splits_of
from tests.commands import refused, run
from tests.fake import FakeEngine

Row = Mapping[str, Any]


def write(path: str, rows: Sequence[Row]) -> None:
    with Path(path).open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def theirs(answer: str) -> int:
    """What somebody else says of an answer."""
    return 1 + int(answer.split()[-1]) * 3 % 5


@pytest.fixture
def rated(place: Path) -> list[dict[str, str]]:
    """The run's own table, with a column of somebody's scores and a row id."""
    rows = [
        {**row, "n": f"n{number}", "gpt": str(theirs(row["answer"])) if number % 7 else ""}
        for number, row in enumerate(read("rated.csv"))
    ]
    write("wide.csv", rows)
    return rows


def wanted() -> float:
    """Their agreement on the run's test rows that they scored."""
    rows = [row for row in splits_of("joint").test if int(row["answer"].split()[-1]) % 7]
    return float(spearmanr([row["helpful"] for row in rows], [theirs(row["answer"]) for row in rows]).statistic)


def test_a_table_that_score_wrote_is_matched_by_its_texts(
    comparing: Comparing, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(score.main, "runs/joint", "--data", "rated.csv", "--out", "scored.csv", monkeypatch=monkeypatch) == 0
    rows = read("scored.csv")
    write("scored.csv", rows[::-1])  # in any order
    asked = len(engine.asked)
    found = comparing("joint", "scored.csv", "single")
    assert len(engine.asked) == asked
    assert judge(found, "scored")["coverage"] == judge(found, "joint")["coverage"]
    assert judge(found, "scored")["pooled"]["mean"]["n"] == 16
    assert judge(found, "scored")["origin"] == "16 of 16 rows found; 44 other rows in it"
    assert judge(found, "scored")["per_1000_judgements"]["calls"] is None


def test_columns_of_any_name_are_found_by_the_rows_texts(comparing: Comparing, rated: list[dict[str, str]]) -> None:
    write("scores.csv", [{key: row[key] for key in ("question", "answer", "gpt")} for row in rated])
    found = comparing("joint", "scores.csv:helpful=gpt")
    gone = sum(not int(row["answer"].split()[-1]) % 7 for row in splits_of("joint").test)
    assert judge(found, "scores")["coverage"]["helpful"]["unscored"] == gone > 0
    assert found["left_out"] == {"polite": "scores gives no scores of it"}
    assert list(judge(found, "scores")["pooled"]) == ["mean", "helpful"]
    assert judge(found, "scores")["pooled"]["helpful"]["value"] == pytest.approx(wanted())


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_or_by_an_id_that_both_tables_have(kind: str, comparing: Comparing, rated: list[dict[str, str]]) -> None:
    rows = [{"n": row["n"], "gpt": row["gpt"]} for row in rated[::-1]]
    write("scores.csv", rows)
    Path("scores.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    own = ["--inputs", "question,answer", "--criteria", "helpful:1-5", "--group", "id", "--data", "wide.csv"]
    found = comparing("columns:helpful=gpt", f"scores.{kind}@n:helpful=gpt", *own, "--metric", "mae")
    own_column, table = found["judges"]
    assert own_column["pooled"] == table["pooled"]
    assert table["coverage"] == own_column["coverage"] == {"helpful": {"rows": 60, "scored": 51, "unscored": 9}}


def test_columns_of_the_rows_own_table_need_no_judge_at_all(
    comparing: Comparing, rated: list[dict[str, str]], engine: FakeEngine
) -> None:
    own = ["--inputs", "question,answer", "--criteria", "helpful:1-5", "--group", "id", "--data", "wide.csv"]
    write("wide.csv", [{**row, "same": row["helpful"]} for row in rated])
    found = comparing("columns:helpful=gpt", "columns:helpful=same", *own, "--metric", "mae")
    assert not engine.asked
    assert [each["name"] for each in found["judges"]] == ["gpt", "same"]
    known = [row for row in rated if row["gpt"]]
    error = sum(abs(int(row["gpt"]) - int(row["helpful"])) for row in known) / len(known)
    (pair,) = found["comparisons"]
    assert pair["pooled"]["helpful"]["value"] == pytest.approx(-error)
    assert judge(found, "same")["pooled"]["helpful"]["value"] == 0


def test_rows_that_the_table_lacks_are_unscored(comparing: Comparing, rated: list[dict[str, str]]) -> None:
    write("some.csv", [{**row, "helpful_score": 3} for row in rated[:30]])
    found = comparing("joint", "some.csv")
    there = {row["answer"] for row in rated[:30]}
    scored = sum(row["answer"] in there for row in splits_of("joint").test)
    assert judge(found, "some")["coverage"]["helpful"] == {"rows": 16, "scored": scored, "unscored": 16 - scored}
    assert 0 < scored < 16


def test_criteria_on_another_scale_are_left_out_with_the_reason(comparing: Comparing) -> None:
    other = task_from_flags("question,answer", "helpful:1-5,polite:1-5,short:1-3")
    save_judge(Judge(other), Path("wider.json"))
    found = comparing("joint", "wider.json")
    assert found["left_out"] == {
        "polite": "wider rates it 1 to 5, the rows 0 to 3",
        "short": "the compared rows have no ratings of it (wider judges it)",
    }
    assert list(judge(found, "joint")["pooled"]) == ["mean", "helpful"]


BAD: dict[str, tuple[list[str], str]] = {
    "one judge": (["joint"], "two judges or more"),
    "twice": (["joint", "joint"], "stands twice"),
    "one name for two": (["joint", "runs/joint/judge.json"], "two judges are called 'joint'"),
    "names": (["joint", "single", "--names", "a"], "1 names for 2 judges"),
    "unknown": (["joint", "nobody"], "nobody: is no run, judge.json or table of scores"),
    "no table": (["joint", "rated.txt:helpful=a"], "is no run, judge.json or table"),
    "no judge": (["joint", "list.json"], "no column 'helpful_score' or 'polite_score'"),
    "no score column": (["joint", "rated.csv"], "rated.csv:helpful=COLUMN"),
    "unknown criterion": (["joint", "wide.csv:helpfull=gpt"], "no criterion 'helpfull'; did you mean 'helpful'?"),
    "unknown column": (["joint", "wide.csv:helpful=gtp"], "no column 'gtp'; did you mean 'gpt'?"),
    "column twice": (["joint", "wide.csv:helpful=gpt,helpful=n"], "'helpful' stands twice"),
    "half a mapping": (["joint", "columns:helpful"], "does not say criterion=column"),
    "own column": (["joint", "columns:helpful=gpt"], "the test rows of joint: no column 'gpt'"),
    "no id": (["joint", "wide.csv@m:helpful=gpt"], "wide.csv: no column 'm'"),
    "no id in the rows": (["joint", "wide.csv@n:helpful=gpt"], "the test rows of joint: no column 'n'"),
    "id of documents": (["joint", "wide.csv@id:helpful=gpt"], "have the id 'd0' and different scores"),
    "id of documents, alike": (["joint", "flat.csv@id:helpful=gpt"], "in column 'id', which so does not say which row"),
    "no texts": (["joint", "ids.csv:helpful=gpt"], "by an id that both tables have, ids.csv@COLUMN"),
    "doubtful texts": (["joint", "twice.csv:helpful=gpt"], "rows 1 and 2 have the same texts and different scores"),
    "other rows": (["joint", "strange.csv:helpful=gpt"], "none of its rows is among the test rows of joint"),
    "off the scale": (
        ["joint", "wide.csv:helpful=wrong"],
        "row 1, column 'wrong': is '9', outside the scale",
    ),
    "no number": (
        ["joint", "wide.csv:helpful=answer"],
        "row 1, column 'answer': is 'answer 0', not a number",
    ),
    "nothing shared": (["joint", "apart.json"], "share no criterion on the same scale"),
    "other inputs": (["joint", "inputs.json"], "inputs reads prompt, which the rows"),
    "only scores": (["columns:helpful=gpt", "wide.csv:helpful=gpt"], "describe it with --task"),
    "half a price": (["joint", "single", "--price-in", "1"], "--price-out go together"),
    "metric": (["joint", "single", "--metric", "pearson"], "spearman"),
    "margin": (["joint", "single", "--margin", "-1"], "out of range"),
    "against": (["joint", "single", "--against", "some"], "first"),
    "rows": (["joint", "single", "--rows", "-1"], "at least 0"),
    "out over a run": (["joint", "single", "--out", "runs/joint/summary.json"], "is a file of a run"),
    "out over data": (["joint", "single", "--out", "wide.csv", "--data", "wide.csv"], "is what is read here"),
    "out over scores": (["joint", "wide.csv:helpful=gpt", "--out", "wide.csv"], "is what is read here"),
    "page nowhere": (["joint", "single", "--html", "no/page.html"], "--html no/page.html: its folder does not exist"),
    "one file": (["joint", "single", "--out", "a", "--html", "a"], "would overwrite"),
    "group alone": (["joint", "single", "--group", "id"], "--group and --instructions go with"),
    "missing data": (["joint", "single", "--data", "gone.csv"], "gone.csv"),
    "all seen": (["joint", "single", "--data", "seen.csv"], "every one of the 2 rows (seen.csv) was trained or"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2_before_any_call(
    case: str, place: Path, rated: list[dict[str, str]], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write("wide.csv", [{**row, "wrong": "9"} for row in rated])
    write("flat.csv", [{**row, "gpt": "3"} for row in rated])
    write("ids.csv", [{"n": row["n"], "gpt": row["gpt"]} for row in rated])
    write("twice.csv", [{**rated[1], "gpt": level} for level in (1, 2)])
    write("strange.csv", [{**row, "answer": f"no {row['answer']}"} for row in rated])
    splits = splits_of("joint")
    write("seen.csv", [{"id": f"x{n}", **row.toDict()} for n, row in enumerate(splits.train[:2])])
    Path("list.json").write_text('[{"question": "Why?", "answer": "answer 1"}]')
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-3")), Path("apart.json"))
    save_judge(Judge(task_from_flags("prompt,answer", "helpful:1-5")), Path("inputs.json"))
    arguments, words = BAD[case]
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    capsys.readouterr()
    assert run(compare.main, *arguments, monkeypatch=monkeypatch) == 2
    refused(words, place / "nothing", engine, capsys)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_prices_of_one_lm_are_not_given_to_judges_of_two(
    place: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Path("runs/single/config.json")
    config.write_text(config.read_text().replace('"judge_lm": null', '"judge_lm": "openai/big"'))
    prices = ["--price-in", "1", "--price-out", "2"]
    assert run(compare.main, "joint", "single", *prices, monkeypatch=monkeypatch) == 2
    refused("but the judges ask local, openai/big", place / "nothing", engine, capsys)


@pytest.mark.parametrize(
    "damage, words",
    [
        (lambda run: (run / "summary.json").unlink(), "has not ended"),
        (lambda run: (run / "config.json").write_text("{}"), "is damaged"),
        (lambda run: (run / "scores.json").write_text("{}"), "is damaged"),
        (lambda run: (run / "judge.json").write_text("{}"), "is not a judge of this program"),
    ],
    ids=["stopped", "config", "scores", "judge"],
)
def test_a_damaged_run_is_one_line(
    damage: Any, words: str, place: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    damage(place / "runs" / "single")
    assert run(compare.main, "joint", "single", monkeypatch=monkeypatch) == 2
    refused(words, place / "nothing", engine, capsys)


def test_a_run_whose_data_have_changed_is_refused_unless_they_are_given_elsewhere(
    made: Path, comparing: Comparing, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ("joint", "single"):
        config = Path("runs") / name / "config.json"
        config.write_text(config.read_text().replace(str(made / "rated.csv"), str(Path("moved.csv").absolute())))
    assert run(compare.main, "joint", "single", monkeypatch=monkeypatch) == 2
    refused("nobody can say which rows it has seen", Path("nothing"), engine, capsys)
    found = comparing("joint", "single", "--data", "rated.csv")
    assert found["rows"]["compared"] > 16
    Path("moved.csv").write_text(Path("rated.csv").read_text().replace("answer 7", "another answer"))
    capsys.readouterr()
    assert run(compare.main, "joint", "single", monkeypatch=monkeypatch) == 2
    assert "have changed" in capsys.readouterr().err


def test_an_lm_that_says_nothing_writes_no_result(
    place: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.reply = lambda asked: ""
    arguments = ["joint", "single", "--reuse", "off", "--out", "found.json"]
    assert run(compare.main, *arguments, monkeypatch=monkeypatch) == 3
    assert not Path("found.json").exists()
