"""Examples in README and documentation are run as they stand, on a fake engine; generated parts are what they say."""

import re
from functools import cache
from pathlib import Path

import dspy
import pytest

from docs.parts import studies
from docs.refresh import PARTS
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.studies import write
from programs.tasks.task import load_task
from tests.docs.pages import PAGES, ROOT, blocks
from tests.fake import FakeEngine, fake_lm

TEXT = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
PLACES = {
    "headline": "README.md",
    "default-run": "docs/results.md",
    "initial-judge": "docs/results.md",
    "readout": "docs/results.md",
    "study": "docs/results.md",
    "ablation": "README.md",
    "remedies": "docs/results.md",
    "confirmation": "README.md",
}


def example(name: str) -> str:
    (found,) = (block.code for page in PAGES for block in blocks(page) if (block.mark, block.name) == ("example", name))
    return found


def run(code: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs an example as it stands, except that the LM it configures answers from the fake engine."""
    configured: list[dspy.LM] = []
    monkeypatch.setattr(dspy, "configure", lambda lm: configured.append(lm))
    with dspy.context(lm=fake_lm(engine)):
        exec(compile(code, "python.md", "exec"), {})
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
        line = f"| {mode.name} | {mode.judge} | {mode.loss} | {mode.gradient} | {mode.rewrite} |"
        assert line in TEXT["docs/method.md"]


@pytest.mark.parametrize("part", PLACES)
def test_a_generated_part_is_there_with_the_command_that_writes_it(part: str) -> None:
    text = re.search(
        rf"<!-- generated: {part} -->\n(.*?)<!-- end of generated -->", TEXT[PLACES[part]], flags=re.DOTALL
    )
    assert text
    assert f"docs.refresh {part}" in text[1]
    assert re.search(r"\.\d{3} \[-?\.\d{3}, -?\.\d{3}\]", text[1])


read_once = cache(write.tasks_in)  # two parts are of the same study


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        ("headline", "brighter"),
        ("study", "brighter"),
        ("ablation", "ablation"),
        ("confirmation", "ablation"),
        ("remedies", "remedies"),
    ],
)
def test_the_studys_part_is_what_its_kept_results_say(part: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, words and program go together: the part is written again and compared."""
    monkeypatch.setattr(studies, "tasks_in", read_once)
    assert PARTS[part](ROOT / "docs" / "studies" / kept) in TEXT[PLACES[part]]


def test_every_link_to_a_file_leads_somewhere() -> None:
    """On a code host too, where the reference that only the site has is no file."""
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert "reference/" in link or (page.parent / link).exists(), f"{page}: {link}"
