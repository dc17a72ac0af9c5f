"""A cell's run away from the study's disk, without any cluster."""

from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.records.folder import RunFolder
from programs.studies.engines.parcel import Order, Parcel, fulfil, unpack
from programs.studies.plan import study_of
from programs.studies.prepare import Preparation, Ready
from tests.fake import FakeEngine, fake_lm


@pytest.fixture
def ready(table: Path, monkeypatch: pytest.MonkeyPatch) -> Ready:
    monkeypatch.setattr("programs.optimizer.cast.check_lms", lambda settings: None)
    flags = {"data": str(table), "inputs": "question,answer", "criteria": "helpful:1-5,polite:0-3", "group": "id"}
    sizes = {"train_size": 8, "val_size": 12, "test_size": 16, "steps": 1}
    study = study_of({**flags, **sizes, "modes": "SSC", "gates": "mae", "seeds": "0"})
    return Preparation(study.settings).ready(study.cells()[0])


def use(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine, num_retries=0))
    return engine


def test_a_parcel_holds_every_file_and_each_line_was_heard(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, heard = use(FakeEngine(), monkeypatch), list[bytes]()
    parcel = fulfil(Order(ready, b"", ()), heard.append)
    assert parcel.failed is None
    assert set(parcel.files) == {
        "calls.jsonl", "steps.jsonl", "judge.json", "scores.json", "lengths.json", "timing.json", "summary.json",
    }  # fmt: skip
    assert b"".join(heard) == parcel.files["calls.jsonl"]
    assert len(heard) == len(engine.asked)


def test_a_failed_run_sends_its_files_and_goes_on_from_them_and_from_its_kins(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(asked: Any) -> None:
        if asked.stage == "gradient":
            raise dspy.lm15.AuthError("key revoked")

    use(FakeEngine(reply=refuse), monkeypatch)
    half = fulfil(Order(ready, b"", ()), lambda line: None)
    assert half.failed is not None
    assert "key revoked" in half.failed
    assert "summary.json" not in half.files
    paid = half.files["calls.jsonl"]
    rests = []
    for log, known in ((paid, ()), (b"", (paid,)), (paid[:-9], ())):
        engine, heard = use(FakeEngine(), monkeypatch), list[bytes]()
        parcel = fulfil(Order(ready, log, known), heard.append)
        assert parcel.failed is None
        rests.append(len(engine.asked))
    assert rests[0] == rests[1] == rests[2] - 1
    whole = use(FakeEngine(), monkeypatch)
    fulfil(Order(ready, b"", ()), lambda line: None)
    assert paid.count(b"\n") + rests[0] == len(whole.asked)


def test_only_a_runs_own_files_are_unpacked(tmp_path: Path) -> None:
    unpack(Parcel({"summary.json": b"{}", "../outside": b"x", "config.json": b"x"}, None), RunFolder(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
    assert not (tmp_path.parent / "outside").exists()
