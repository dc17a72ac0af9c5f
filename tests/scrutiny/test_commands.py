"""`evaluate.py` and `optimize.py` look critically at what they report: every call counted, nothing asked twice."""

import csv
import json
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import evaluate, optimize
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.saved import load_judge, save_judge
from programs.scrutiny.orders import other_orders
from programs.tasks.describe import task_from_flags
from programs.tasks.task import Task
from tests.commands import NAMES, SIZES, own_task, refused, run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm, fields_of, plain_score


def by_place(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """The criterion that is asked for first gets a level more."""
    level = plain_score(name, system, user, levels)
    first = system.index(f'"{name}"') < min(system.index(f'"{other}"') for other in NAMES if other != name)
    return min(level + first, levels[-1])


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    """A joint judge of the own table."""
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-5,polite:0-3", group="id")), tmp_path / "judge.json")
    return tmp_path / "judge.json"


@pytest.fixture
def written(table: Path) -> Path:
    """The own table, with who wrote each answer."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "model"])
        writer.writeheader()
        writer.writerows({**row, "model": f"m{place % 4}"} for place, row in enumerate(rows))
    return table


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """What evaluate.py has written."""
    return lambda: json.loads((tmp_path / "out.json").read_text())


def arguments(judge: Path, table: Path, *flags: object) -> list[object]:
    return [judge, "--data", table, "--out", judge.parent / "out.json", *flags]


def test_another_order_is_asked_once_a_row_and_shown_with_what_it_changes(
    judge: Path, table: Path, engine: FakeEngine, found: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engine.score = by_place
    flags = ["--orders", 1, "--reuse", "off", "--threads", 1]
    assert run(evaluate.main, *arguments(judge, table, *flags), monkeypatch=monkeypatch) == 0
    asked = [list(fields_of(asked.request)) for asked in engine.asked]
    assert asked == [["helpful", "polite"]] * 60 + [["polite", "helpful"]] * 60
    printed = capsys.readouterr()
    assert "60 rows, at most 120 LM calls" in printed.err
    assert "scores changed in 1 other order" in printed.out
    orders = found()["scrutiny"]["orders"]
    assert orders["groups"] == [[["polite", "helpful"]]]
    (each,) = orders["each"]
    assert each == orders["mean"]
    for name, levels in (("helpful", range(1, 6)), ("polite", range(4))):
        scores = [
            [
                json.loads(engine.text(one.stage, one.system, one.user, fields_of(one.request)))[name]
                for one in engine.asked[at : at + 60]
            ]
            for at in (0, 60)
        ]
        assert {score for side in scores for score in side} <= set(levels)
        changed = sum(own != other for own, other in zip(*scores, strict=True)) / 60
        assert each["between"]["changed"][name]["value"] == pytest.approx(changed)
        assert 0 < changed < 1
        assert each["between"]["changed"][name]["n"] == 60


def test_without_orders_only_the_judges_own_is_asked(
    judge: Path, table: Path, engine: FakeEngine, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(evaluate.main, *arguments(judge, table), monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == 60
    assert "orders" not in found()["scrutiny"]


def test_orders_keep_rubrics_demos_and_form_and_leave_single_criteria_out(tmp_path: Path) -> None:
    task = task_from_flags("text", "a:1-5,b:1-5,c:1-5,d:1-3")
    own = Judge(task, [("a", "b", "c"), ("d",)], {"b": "Be strict."}, adapter="json", readout="expected")
    own.heads[0].demos = [dspy.Example(text="T", a=1, b=2, c=3).with_inputs("text")]
    turned = other_orders(own, 5)
    orders = [judge.groups for judge in turned]
    assert orders[0] == (("c", "b", "a"),)
    assert len({*orders, (("a", "b", "c"),)}) == 6
    for judge in turned:
        assert judge.task.criterion_names == ("a", "b", "c")
        assert judge.rubric == {name: own.rubric[name] for name in "abc"}
        assert judge.form == own.form
        assert judge.heads[0].demos == own.heads[0].demos
    assert own.groups == (("a", "b", "c"), ("d",))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--orders", "0"], "at least 1"), (["--orders", "many"], "not a whole number"),
        (["--orders", "2"], "2 criteria in one prompt have 1 other orders"),
        (["--tie-epsilon", "-1"], "out of range"), (["--tie-epsilon", "x"], "not a number"),
        (["--system", "nobody"], "no column 'nobody'"), (["--sistem", "x"], "did you mean '--system'"),
    ],
)  # fmt: skip
def test_bad_flags_are_one_line_and_ask_nothing(
    flags: list[str], words: str, judge: Path, table: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(evaluate.main, *arguments(judge, table, *flags), monkeypatch=monkeypatch) == 2
    refused(words, judge.parent, engine, capsys)
    assert not (judge.parent / "out.json").exists()


def test_a_judge_of_single_criteria_has_no_order(
    judge: Path, table: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    single = load_judge(judge)
    save_judge(single.with_groups(groups("S", single.task.criterion_names)), judge)
    assert run(evaluate.main, *arguments(judge, table, "--orders", "1"), monkeypatch=monkeypatch) == 2
    refused("no order to change", judge.parent, engine, capsys)


def test_systems_are_those_of_the_column_named_or_of_the_task_where_it_is_there(
    judge: Path, written: Path, engine: FakeEngine, found: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(evaluate.main, *arguments(judge, written), monkeypatch=monkeypatch) == 0
    assert found()["scrutiny"]["systems"] is None
    assert run(evaluate.main, *arguments(judge, written, "--system", "model"), monkeypatch=monkeypatch) == 0
    systems = found()["scrutiny"]["systems"]
    assert (systems["systems"], systems["within"]["helpful"]["n"]) == (4, 4)
    assert "within 4 systems" in capsys.readouterr().out
    save_judge(Judge(load_judge(judge).task.with_system("model")), judge)
    assert run(evaluate.main, *arguments(judge, written), monkeypatch=monkeypatch) == 0
    assert found()["scrutiny"]["systems"] == systems
    written.write_text(written.read_text().replace("model", "maker"))
    assert run(evaluate.main, *arguments(judge, written), monkeypatch=monkeypatch) == 0
    assert found()["scrutiny"]["systems"] is None


def test_a_constant_that_beats_the_judge_is_one_line_of_warning(
    judge: Path, table: Path, engine: FakeEngine, found: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engine.score = lambda name, system, user, levels: levels[0 if name == "helpful" else -1]
    assert run(evaluate.main, *arguments(judge, table), monkeypatch=monkeypatch) == 0
    (warning,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert warning.startswith(
        "warning: a constant beats the judge on mae (lower is better; chosen on these rows): mean (the best constants: "
    )
    assert "helpful (always 3: 1.200, judge 2.000, difference .800" in warning
    assert found()["scrutiny"]["warnings"] == [warning.removeprefix("warning: ")]


def test_real_scores_are_tied_up_to_the_epsilon_stated_or_the_best_on_the_rows(
    judge: Path, table: Path, found: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(DoubtfulEngine()))
    for flags, chosen in (([], "the same rows"), (["--tie-epsilon", "0.5"], "stated")):
        flags = ["--readout", "expected", *flags]
        assert run(evaluate.main, *arguments(judge, table, *flags), monkeypatch=monkeypatch) == 0
        ties = found()["scrutiny"]["ties"]
        assert ties["chosen_on"] == chosen
        assert f"ties from {chosen}" in capsys.readouterr().out
    assert ties["epsilon"] == dict.fromkeys(NAMES, 0.5)
    assert run(evaluate.main, *arguments(judge, table, "--readout", "digits"), monkeypatch=monkeypatch) == 0
    assert found()["scrutiny"]["ties"] is None


def test_a_run_looks_at_both_judges_and_chooses_on_its_other_rows(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(DoubtfulEngine()))
    flags = [*own_task(written), *SIZES, "--system", "model", "--gate", "qwk", "--readout", "expected"]
    assert run(optimize.main, *flags, "--run", "one", "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    scrutiny = json.loads((tmp_path / "one" / "summary.json").read_text())["scrutiny"]
    assert set(scrutiny) == {"before", "after", "warnings"}
    for part in ("before", "after"):
        assert scrutiny[part]["constants"]["chosen_on"] == "other rows"
        assert list(scrutiny[part]["constants"]["metrics"]) == ["qwk", "mae"]
        assert scrutiny[part]["systems"]["systems"] == 4
        assert scrutiny[part]["ties"]["chosen_on"] == "validation rows"
        assert set(scrutiny[part]["halo"]["excess"]) == {"mean", "helpful|polite"}
    printed = capsys.readouterr().out
    assert "scrutiny of the kept judge (spearman, pooled)" in printed
    assert all(f"warning: {line}" in printed for line in scrutiny["warnings"])
    page = (tmp_path / "one" / "report.html").read_text()
    for words in ("What the agreement does not say", "a judge that always says the same", "4 systems that wrote",
                  "Halo: Spearman between two criteria", "near scores count as tied", "validation rows"):  # fmt: skip
        assert words in page, words


def test_a_run_from_before_there_was_a_scrutiny_is_shown_and_reported_without(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    path = tmp_path / "one" / "summary.json"
    summary = json.loads(path.read_text())
    del summary["scrutiny"]
    for part in ("before", "after", "difference"):
        for view in ("pooled", "by_document"):
            del summary[part][view]["pairwise"]
    path.write_text(json.dumps(summary))
    capsys.readouterr()
    assert run(optimize.main, "--resume", "one", "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    assert "scrutiny" not in capsys.readouterr().out
    from programs import report

    assert run(report.main, tmp_path / "one", monkeypatch=monkeypatch) == 0
    assert "What the agreement does not say" not in (tmp_path / "one" / "report.html").read_text()


def test_a_task_of_one_criterion_has_no_halo_and_no_table(
    table: Path, tmp_path: Path, engine: FakeEngine, found: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    task: Task = task_from_flags("question,answer", "helpful:1-5", group="id")
    save_judge(Judge(task), tmp_path / "judge.json")
    assert run(evaluate.main, *arguments(tmp_path / "judge.json", table), monkeypatch=monkeypatch) == 0
    assert found()["scrutiny"]["halo"] is None
    assert "scrutiny" not in capsys.readouterr().out
