"""Peers and controls as cells of a study, beside the modes in the same tables."""

import csv
import json
from pathlib import Path

from programs.studies.plan import study_of
from tests.fake import FakeEngine
from tests.studies.conftest import Study

LISTS = ["--modes", "Single,CCC", "--gates", "mae", "--seeds", "0", "--yes"]
OTHERS = ["--optimizers", "textgrad,gepa,miprov2,copro", "--controls", "shuffled,paraphrase,ensemble"]
NAMES = {"gepa", "miprov2", "copro", "CCC shuffled", "CCC paraphrase", "CCC ensemble"}


def test_peers_and_controls_stand_beside_the_modes(
    base: list[str], tmp_path: Path, engine: FakeEngine, start: Study
) -> None:
    arguments = [*base, "--steps", "4", *LISTS, *OTHERS]
    assert start(*arguments) == 0
    study = tmp_path / "runs" / "one"
    summaries = {path.parent.name: json.loads(path.read_text()) for path in study.glob("cells/*/summary.json")}
    assert set(summaries) == {
        *(f"custom-{mode}-mae-0" for mode in ("Single", "CCC")),
        *(f"custom-{peer}-CCC-mae-0" for peer in ("gepa", "miprov2", "copro")),
        *(f"custom-CCC-{control}-mae-0" for control in ("shuffled", "paraphrase", "ensemble")),
    }
    asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
    assert len(asked) == len(set(asked))
    joint = summaries["custom-CCC-mae-0"]
    assert all(found["before"] == joint["before"] for name, found in summaries.items() if "Single" not in name)
    most = sum(joint["estimate"].values())
    for name, found in summaries.items():
        assert found["stopped"] is None
        for role, bound in found["estimate"].items():
            tally = found["calls"].get(role, {"calls": 0, "reused": 0})
            assert tally["calls"] <= bound
        if "Single" not in name:
            assert sum(found["estimate"].values()) <= most
    tables = (study / "tables.md").read_text()
    assert all(f"| {name} |" in tables for name in NAMES)
    assert "DSPy's COPRO on the same program" in tables
    with (study / "tables.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert {line["mode"] for line in lines if line["table"] == "table1"} == {"Single", "CCC", *NAMES}
    assert {line["mode"] for line in lines if line["table"] == "costs"} == {"Single", "CCC", *NAMES}
    assert {line["mode"] for line in lines if line["table"] == "trajectory"} == {
        "Single", "CCC", "CCC shuffled", "CCC paraphrase",
    }  # fmt: skip
    assert "of 2 configurations never beat" in tables  # the paper's count is of its modes only
    engine.asked.clear()
    before = (study / "tables.md").read_bytes()
    assert start(*arguments) == 0
    assert not engine.asked
    assert (study / "tables.md").read_bytes() == before


def test_a_study_of_peers_only_has_its_tables(
    base: list[str], tmp_path: Path, engine: FakeEngine, start: Study
) -> None:
    only = ["--optimizers", "copro", "--modes", "SSC", "--gates", "none", "--seeds", "0,1", "--steps", "4", "--yes"]
    assert start(*base, *only) == 0
    tables = (tmp_path / "runs" / "one" / "tables.md").read_text()
    assert "joint initial prompt" in tables
    assert "Length asymmetry" not in tables


def test_the_lists_are_checked(base: list[str], engine: FakeEngine, start: Study, capsys) -> None:  # type: ignore[no-untyped-def]
    assert start(*base, *LISTS, "--optimizers", "gpea") == 2
    assert "--optimizers: unknown 'gpea'" in capsys.readouterr().err
    assert start(*base, *LISTS, "--controls", "shuffled,shuffled") == 2
    assert "--controls names shuffled twice" in capsys.readouterr().err


def test_the_reference_is_a_joint_mode_and_a_gate() -> None:
    assert study_of({"modes": "Single,CCC,SSC", "gates": "none,mae"}).reference == ("SSC", "mae")
    assert study_of({"modes": "Single,CCC", "gates": "none"}).reference == ("CCC", "none")
    assert study_of({"modes": "Single", "gates": "spearman"}).reference == ("Single", "spearman")
