"""Isolation: no network, no key, no disk cache, DSPy's settings reset around every test."""

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

gc.disable()  # what is made until all tests are known stays, so looking through it again and again finds nothing
_cache = tempfile.TemporaryDirectory(prefix="judgegrad-test-")  # removed when the interpreter ends
os.environ["DSPY_CACHEDIR"] = _cache.name
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads would wait for each other, two fifths of the time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

import dspy
import pytest

from programs.reports import page
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.commands import write_table
from tests.fake import FakeEngine, fake_lm


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """For `-n auto` one worker more than there are cores: some tests wait for processes of their own."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tutorial first: its commands load the embedded model in processes of their own, and a model that this process
    has loaded before keeps cores busy that they need."""
    items.sort(key=lambda item: "test_tutorial" not in item.nodeid)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # tests make much and drop it: by default 700 objects more are a reason to look
    gc.enable()


WHOLE_ASSETS = page._assets


@cache
def short_assets() -> Any:
    """What a page is made with, but for the 4.7 MB of plotly's script."""
    with patch("plotly.offline.get_plotlyjs", lambda: "/* plotly.js v0: left out */"):
        return WHOLE_ASSETS.__wrapped__()


@pytest.fixture(autouse=True, scope="session")
def short_pages() -> Iterator[None]:
    """Every run of every test writes a page, which nobody reads but the tests of the pages (tests/reports)."""
    with patch.object(page, "_assets", short_assets):
        yield


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with dspy.context(lm=None, trace=None, adapter=None):
        yield


@pytest.fixture
def task() -> Task:
    """Four criteria, as in the paper, on one input."""
    names = ("fluency", "relevance", "coherence", "consistency")
    return Task("test", "Judge the text.", (Input("text", "Text"),), tuple(Criterion(name, 1, 5) for name in names))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every LM name leads to this engine."""
    engine = FakeEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """An own table (`write_table`)."""
    return write_table(tmp_path / "rated.csv")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real rated data, which is not part of the project; tests that need it are skipped without."""
    folder = Path(os.environ.get("JUDGEGRAD_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data here (set JUDGEGRAD_DATA to a folder with summeval.jsonl and brighter_eng.jsonl)")
    return folder
