"""The README's examples are run as they stand, on a fake engine."""

import re
import runpy
from pathlib import Path

import dspy
import pytest

from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.task import load_task
from tests.fake import FakeEngine, fake_lm

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {name} -->\n```python\n(.*?)```", README, flags=re.DOTALL)
    assert found
    return found.group(1)


def run(code: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs an example as it stands, except that the LM it configures answers from the fake engine."""
    configured: list[dspy.LM] = []
    monkeypatch.setattr(dspy, "configure", lambda lm: configured.append(lm))
    with dspy.context(lm=fake_lm(engine)):
        exec(compile(code, "README.md", "exec"), {})
    assert [lm.model for lm in configured] == ["openai/gpt-4o-mini"]


def test_ten_lines_optimize_a_judge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = example("optimize")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    engine = FakeEngine()
    run(code, engine, monkeypatch)
    assert engine.counts()["rewrite"] == 2
    printed = capsys.readouterr().out
    assert all(name in printed for name in load_task("sample").criterion_names)


def test_a_saved_judge_is_used_in_a_few_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs" / "NAME").mkdir(parents=True)
    save_judge(Judge(load_task("sample")), tmp_path / "runs" / "NAME" / "judge.json")
    monkeypatch.chdir(tmp_path)
    run(example("load"), FakeEngine(), monkeypatch)
    printed = capsys.readouterr().out
    assert all(name in printed for name in load_task("sample").criterion_names)


def test_the_modes_table_is_the_programs() -> None:
    from programs.optimizer.modes import MODES

    for mode in MODES.values():
        assert f"| {mode.name} | {mode.judge} | {mode.loss} | {mode.gradient} | {mode.rewrite} |" in README


@pytest.mark.parametrize("part", ["default-run", "initial-judge", "readout", "study"])
def test_a_generated_part_is_there_with_the_command_that_writes_it(part: str) -> None:
    text = re.search(rf"<!-- generated: {part} -->\n(.*?)<!-- end of generated -->", README, flags=re.DOTALL)
    assert text
    assert f"docs/refresh.py {part}" in text[1]
    assert re.search(r"\.\d{3} \[-?\.\d{3}, -?\.\d{3}\]", text[1])


def test_the_studys_part_is_what_its_kept_results_say() -> None:
    """Numbers, words and program go together: the part is written again and compared."""
    refresh = runpy.run_path(str(ROOT / "docs" / "refresh.py"))
    assert refresh["study"](ROOT / "docs" / "studies" / "brighter") in README


def test_every_flag_that_the_readme_names_exists() -> None:
    from programs import advise, check, compare, diagnose, evaluate, interference, optimize, report, score, study

    commands = (optimize, evaluate, score, study, report, diagnose, interference, compare, check, advise)
    parsers = [command.parser() for command in commands]
    known = {flag for parser in parsers for action in parser._actions for flag in action.option_strings}
    assert set(re.findall(r"(?<![\w!<-])--[a-z][a-z-]+", README)) <= known
