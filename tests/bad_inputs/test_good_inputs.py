"""Input that looks odd and is fine: it is read as it stands."""

import csv
import json
from pathlib import Path

import pytest

from programs import evaluate, optimize, score
from tests.bad_inputs.case import OWN, rows
from tests.commands import run
from tests.fake import FakeEngine

ODD = "שלום \u202eabc\u202c 👩‍👩‍👧‍👦 naïve e\u0301"
GOOD = {
    "a mark": b"\xef\xbb\xbf" + rows().encode(),
    "Windows line ends": rows().replace("\n", "\r\n").encode(),
    "a mark and Windows line ends": b"\xef\xbb\xbf" + rows().replace("\n", "\r\n").encode(),
    "emoji and right-to-left": rows(answer=ODD).encode(),
    "blank lines": rows().replace("\n", "\n\n").encode(),
    "more columns": rows().replace("\n", ",x\n").encode(),
    "line breaks in cells": rows(answer='"two\nlines"').encode(),
    "quoted quotation marks": rows(answer='"say ""hi"""').encode(),
    "fractions of several raters": rows(helpful="2.5").encode(),
    "padded ratings": rows(helpful=" 3 ").encode(),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_table_is_read_as_it_stands(
    name: str, workplace: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("t.csv").write_bytes(GOOD[name])
    texts = {"emoji and right-to-left": ODD, "line breaks in cells": "two\nlines", "quoted quotation marks": 'say "hi"'}
    assert run(evaluate.main, "runs/one", "--data", "t.csv", "--out", "o.json", monkeypatch=monkeypatch) == 0
    assert json.loads(Path("o.json").read_text())["coverage"]["helpful"] == {"rows": 60, "scored": 60, "unscored": 0}
    asked = {each.user[each.user.index("<answer>") :] for each in engine.asked}
    assert f"<answer>\n{texts.get(name, 'answer 2')}\n</answer>" in asked


def test_emoji_and_right_to_left_texts_come_back_unchanged(
    workplace: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("t.csv").write_text(rows(answer=ODD), encoding="utf-8-sig", newline="\r\n")
    assert run(score.main, "runs/one", "--data", "t.csv", "--out", "o.csv", monkeypatch=monkeypatch) == 0
    with Path("o.csv").open(encoding="utf-8", newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)][2] == ODD


def test_ratings_that_are_all_equal_are_undefined_not_a_crash(
    workplace: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    equal = "id,question,answer,helpful,polite\n" + "".join(f"d{n % 20},Why?,answer {n},3,1\n" for n in range(60))
    Path("t.csv").write_text(equal)
    flags = [word.strip('"') for word in OWN.split()]
    assert run(optimize.main, *flags, "--run", "new", "--steps", 1, monkeypatch=monkeypatch) == 0
    summary = json.loads(Path("runs/new/summary.json").read_text())
    assert summary["after"]["pooled"]["spearman"]["helpful"]["value"] is None
