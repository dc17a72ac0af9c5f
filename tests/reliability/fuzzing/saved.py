"""Files that judgegrad has written itself, damaged: refused with one line that names the file, or valid."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dspy
from hypothesis import strategies as st

from programs.advising.reading import read_pilots
from programs.applying.comparing.past_run import PastRun
from programs.applying.confidence import read_confidence
from programs.checking.anchors import Asking, _sha256, read_anchors
from programs.checking.comparison import Now, compared
from programs.errors import UserError
from programs.optimizer.saved import load_judge
from programs.optimizer.session import _stored
from programs.records.calls import CallLog
from programs.records.folder import RunFolder
from programs.records.lines import replayed
from programs.reports.write import write_report
from programs.tasks.task import load_task
from tests.commands import SIZES, own_task, write_table
from tests.fake import DoubtfulEngine, fake_lm
from tests.reliability.fuzzing.target import Draw, Target, damaged_bytes, damaged_json, refused

LM = fake_lm(DoubtfulEngine(), num_retries=0)
DATE = "2026-01-01"


@cache
def kept() -> Path:
    """A folder with a finished run, frozen anchors, and a task file, made once on the fake engine."""
    from programs.check import main as check
    from programs.optimize import main as optimize

    folder = Path(tempfile.mkdtemp(prefix="judgegrad-fuzz-"))
    table = str(write_table(folder / "rated.csv"))
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with patch("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(DoubtfulEngine())):
        one = ["--run", "run", "--runs-dir", str(folder), "--readout", "expected", "--steps", "1"]
        optimize([*own_task(Path(table)), *SIZES, *one])
        check([str(folder / "run"), "--freeze", str(folder / "anchors.json"), "--data", table, "--rows", "12"])
    (folder / "own.toml").write_text(TASK)
    return folder


TASK = """name = "own"
instructions = "Judge."
document = ["id", "doc"]
optional = ["row"]
row = "id"

[[inputs]]
name = "reply"
label = "Reply"
column = ["reply", "text"]

[[criteria]]
name = "helpful"
scale = [1, 5]
rubric = "Rate."

[[criteria]]
name = "polite"
scale = [0, 3]
raters = ["a", "b"]

[data]
file = "rows.csv"
[split_values]
dev = "validation"
"""


def damaged_file(name: str) -> st.SearchStrategy[bytes]:
    """A kept JSON file with damage to its values or its bytes."""

    @st.composite
    def make(draw: Draw) -> bytes:
        content = (kept() / name).read_bytes()
        if draw(st.integers(0, 3)) == 0:
            return draw(damaged_bytes(st.just(content)))
        if name.endswith((".jsonl", ".toml")):
            return draw(damaged_bytes(st.just(content)))
        return json.dumps(draw(damaged_json(json.loads(content))), ensure_ascii=draw(st.booleans())).encode(
            errors="surrogatepass"
        )

    return make()


@contextlib.contextmanager
def in_copy(name: str, content: bytes) -> Iterator[Path]:
    """The damaged file in its place, in a copy of the kept folder; the whole one is put back afterwards."""
    copy = kept().parent / f"{kept().name}-copy"
    if not copy.exists():
        shutil.copytree(kept(), copy)
    path = copy / name
    path.write_bytes(content)
    try:
        yield path
    finally:
        shutil.copy(kept() / name, path)


def check_judge(content: bytes) -> None:
    """A judge that loads has its rubrics and scores a row."""
    with in_copy("run/judge.json", content) as path:
        judge = refused(path, lambda: load_judge(path))
    if judge is not None:
        assert set(judge.rubric) == set(judge.task.criterion_names)
        row = {each.name: "Hello" for each in judge.task.inputs}
        with dspy.context(lm=LM, trace=None, disable_history=True):
            for head in range(len(judge.heads)):
                judge.answer(head, row)


def check_config(content: bytes) -> None:
    """Read as optimize.py --resume, and as compare.py, read it."""
    with in_copy("run/config.json", content) as path:
        refused(path, lambda: _stored(RunFolder(path.parent), {}))
        refused(path, lambda: PastRun.read(RunFolder(path.parent)))


def check_calls(content: bytes) -> None:
    """Whole lines are replayed as they were, others skipped; the log opens and goes on."""
    whole = set((kept() / "run/calls.jsonl").read_bytes().splitlines())
    left = [json.loads(line) for line in content.split(b"\n")[:-1] if line in whole]
    with in_copy("run/calls.jsonl", content) as path:
        CallLog(path).close()
        known = {key: answer for key, _, answer in replayed(path)}
    for record in left:
        assert known[record["key"]].usage.keys() == record["usage"].keys()


def check_anchors(found: Any) -> None:
    """Anchors with a hash of their own: refused, or such that the judge can be compared with them."""
    if isinstance(found, dict):
        found.pop("sha256", None)
        try:
            found = {**found, "sha256": _sha256(found)}
        except UnicodeEncodeError:
            return
    with in_copy("anchors.json", json.dumps(found).encode()) as path:
        read = refused(path, lambda: read_anchors(path))
    if read is None:
        return
    anchors, _ = read
    assert anchors.scores.ndim == 3 and len(anchors.rows) == anchors.scores.shape[1]
    asking = Asking("x", "other", False, 0.1, {"adapter": "json"})
    comparison = compared(anchors, Now(asking, anchors.scores[:1], DATE), alpha=0.01, tolerance={}, seed=anchors.seed)
    json.dumps(comparison.to_dict(), allow_nan=False)
    assert comparison.differences is not None


def check_task(content: bytes) -> None:
    """A task file: one line, or a task that reads back to itself."""
    with in_copy("own.toml", content) as path:
        task = refused(path, lambda: load_task(str(path)))
    if task is not None:
        assert type(task).from_dict(json.loads(json.dumps(task.to_dict())), "again") == task


def check_record(name: str) -> Callable[[bytes], None]:
    """summary.json and the like, as compare.py, advise.py and report.py read them: an answer or one line."""

    def check(content: bytes) -> None:
        with in_copy(f"run/{name}", content) as path:
            folder = RunFolder(path.parent)
            for read in (
                lambda: PastRun.read(folder).scores("expected"),
                lambda: read_pilots(str(path.parent), path.parent, "spearman", 0),
                lambda: write_report(folder, ()),
            ):
                with contextlib.suppress(UserError):
                    read()

    return check


def check_confidence(content: bytes) -> None:
    with in_copy("run/confidence.json", content) as path:
        refused(path, lambda: read_confidence(path, load_judge(kept() / "run"), "fake/model"))


@st.composite
def changed_anchors(draw: Draw) -> Any:
    return draw(damaged_json(json.loads((kept() / "anchors.json").read_text())))


TARGETS = {
    "judge.json": Target(damaged_file("run/judge.json"), check_judge),
    "config.json": Target(damaged_file("run/config.json"), check_config),
    "calls.jsonl": Target(
        damaged_bytes(st.builds(lambda: (kept() / "run/calls.jsonl").read_bytes()[:20000])), check_calls
    ),
    "anchors with a new hash": Target(changed_anchors(), check_anchors),
    "task files": Target(damaged_file("own.toml"), check_task),
    "confidence.json": Target(damaged_file("run/confidence.json"), check_confidence),
    **{
        name: Target(damaged_file(f"run/{name}"), check_record(name))
        for name in ("summary.json", "scores.json", "timing.json")
    },
}
