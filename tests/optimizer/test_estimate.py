"""The estimate is kept to: sent + reused + skipped is what was planned, and with `--reuse off` all of it is sent."""

import json
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import optimize
from programs.optimizer.modes import MODES
from tests.commands import own_task, run
from tests.fake import Asked, FakeEngine, fake_lm

pytestmark = pytest.mark.usefixtures("pageless")
SIZES = ["--train-size", 6, "--val-size", 10, "--test-size", 4, "--steps", 3, "--eval-every", 2, "--run", "one"]


def in_part_unscored(asked: Asked) -> str | None:
    """Some judgements lack a criterion, and some say nothing: critiques of them are not planned for nothing."""
    if asked.stage != "judge":
        return None
    return ("{}", '{"polite": 1}', None, None)[zlib.crc32(asked.user.encode()) % 4]


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "rewrites, accepted and rejected": ("mae", {}),
    "rewrites that change nothing": ("none", {"reply": lambda asked: "{}" if asked.stage == "rewrite" else None}),
    "scores that are missing": ("spearman", {"reply": in_part_unscored}),
}


def summary_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "one" / "summary.json").read_text())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("mode", MODES)
def test_what_was_planned_is_sent_or_reused_or_skipped(
    mode: str, case: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, (gate, replies) = {}, CASES[case]
    for reuse in ("on", "off"):
        engine = FakeEngine(**replies)
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, engine=engine, **__: fake_lm(engine))
        flags = ["--mode", mode, "--gate", gate, "--accept", "not_worse", "--reuse", reuse]
        flags += ["--threads", "2" if reuse == "on" else "1"]  # only what is reused could be asked for twice at once
        assert (
            run(
                optimize.main, *own_task(table), *SIZES, *flags, "--runs-dir", tmp_path / reuse, monkeypatch=monkeypatch
            )
            == 0
        )
        summary = summary_of(tmp_path / reuse)
        sent[reuse] = {role: tally["calls"] for role, tally in summary["calls"].items() if tally["calls"]}
        assert sent[reuse] == {role: count for role, count in engine.counts().items() if count}
        for role, planned in summary["estimate"].items():
            tally = Counter(summary["calls"].get(role, {}))
            assert tally["calls"] + tally["reused"] + tally["skipped"] == planned, role
            if reuse == "off" and "missing" not in case:
                assert tally["calls"] == planned, role
        if reuse == "on":
            asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
            assert len(asked) == len(set(asked))
    assert sum(sent["on"].values()) < sum(sent["off"].values())


@pytest.mark.parametrize("mode", ["Single", "CCC"])
@pytest.mark.parametrize("before", ["off", "on"])
def test_without_reuse_a_killed_run_repeats_no_call_and_gives_each_reply_to_the_same_row(
    mode: str, before: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An LM that never says the same twice, a table of equal texts; begun so, or with `--reuse on` (on different ones,
    since nothing then says which of two equal rows a reply was for)."""
    if before == "off":
        table.write_text(re.sub(r"answer \d+", "answer 1", table.read_text()))

    class Fickle(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) == self.stop_at:
                raise KeyboardInterrupt
            return super().complete(request)

        stop_at = -1

    def start(engine: FakeEngine, name: str, *flags: object) -> int:
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
        return run(optimize.main, *flags, "--runs-dir", tmp_path / name, monkeypatch=monkeypatch)

    def fickle(seen: list[int]) -> FakeEngine:
        def score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
            seen.append(0)
            return levels[len(seen) % len(levels)]

        return Fickle(score=score)

    flags = [*own_task(table), *SIZES, "--mode", mode, "--gate", "mae"]
    first = fickle([])
    first.stop_at = 40
    assert start(first, "half", *flags, "--reuse", before, "--threads", 1) == 130
    kept = (tmp_path / "half" / "one" / "calls.jsonl").read_bytes()
    second = fickle([])
    assert start(second, "half", "--resume", "one", "--reuse", "off") == 0
    summary = summary_of(tmp_path / "half")
    assert len(first.asked) + len(second.asked) == sum(summary["estimate"].values())
    assert sum(tally["reused"] for tally in summary["calls"].values()) == kept.count(b"\n") == 40
    assert start(FakeEngine(reply=no_more), "half", "--resume", "one") == 0
    folder = tmp_path / "half" / "one"
    files = {name: (folder / name).read_bytes() for name in ("steps.jsonl", "scores.json", "judge.json")}
    (folder / "summary.json").unlink()
    assert start(FakeEngine(reply=no_more), "half", "--resume", "one", "--reuse", "off", "--threads", 7) == 0
    assert files == {name: (folder / name).read_bytes() for name in files}


def no_more(asked: Asked) -> str:
    raise dspy.lm15.AuthError(f"asked again: {asked.user}")
