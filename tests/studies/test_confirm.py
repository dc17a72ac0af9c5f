"""confirm.py: opened once and on record, asked on sealed rows only, and judged as it was written down."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy

from docs.parts import studies
from docs.refresh import PARTS
from metrics.scores import Scores
from programs.confirming.contrasts import contrasts
from programs.tasks.loading import load_rows
from programs.tasks.sealed import half_of
from programs.tasks.task import load_task
from signatures.records import Criterion
from tests.fake import FakeEngine
from tests.studies.confirming import Confirm, Opened, finished_study, opened_once

ARMS = """
seeds = [0, 1]
train-size = 8
val-size = 8
test-size = 10
steps = 2
threads = 2
accept = "not_worse"
keep = "last"
[arms.ssc]
[arms.single]
mode = "Single"
[arms.gepa]
optimizer = "gepa"
[arms.wide]
readout = "expected"
"""
ROWS = 18


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs folder of a finished study of four arms on a task with sealed rows. Not to be changed."""
    return finished_study(tmp_path_factory.mktemp("confirm"), ARMS)


@pytest.fixture
def opening(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Confirm:
    return Confirm(Path(shutil.copytree(made, tmp_path / "runs")), monkeypatch)


@pytest.fixture
def engines(opening: Confirm) -> list[FakeEngine]:
    """The last one answers."""
    return opening.engines


PLAN = ("--primary", "ssc", "--against", "single,gepa", "--rows", ROWS)


@pytest.fixture(scope="module")
def opened(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The plan, confirmed without a stop."""
    return opened_once(made, tmp_path_factory.mktemp("opened"), *PLAN)


def test_sealed_rows_alone_are_asked_and_the_contrasts_are_those_of_the_scores(
    opening: Confirm, opened: Opened, made: Path, engines: list[FakeEngine]
) -> None:
    assert opening(*PLAN, yes=False) == 2  # nobody is there to answer
    assert not opening.openings
    assert not engines[0].asked
    asked = opened.confirm.engines[0].asked
    (found,) = opened.confirm.openings
    task = load_task(str(made.parent / "own.toml"))
    sealed = half_of(load_rows(task), task, "confirmation")[:ROWS]
    answers = {row["answer"] for row in sealed}
    assert all(any(f"{answer}\n" in f"{each.user}\n" for answer in answers) for each in asked)
    results = found["results"]
    assert results["rows"] == ROWS
    assert set(results["arms"]) == {"ssc", "single", "gepa", "initial"}
    assert [len(each) for each in results["judges"].values()] == [2] * 4
    assert results["judges"]["single"][0]["calls"] == 2 * ROWS
    assert sum(tally["calls"] for tally in results["calls"].values()) == len(asked)
    assert f"at most {len(asked):,} LM calls" in opened.err  # judges that ask alike are asked once
    assert [(each["arm"], each["rival"]) for each in results["contrasts"]] == [
        ("ssc", "single"), ("ssc", "gepa"), ("ssc", "initial"), ("single", "initial"), ("gepa", "initial"),
    ]  # fmt: skip
    first, *others = results["contrasts"]
    means = [results["arms"][arm]["cells"]["spearman"]["mean"]["value"] for arm in ("ssc", "single")]
    assert first["cells"]["mean"]["value"] == pytest.approx(means[0] - means[1])
    assert first["cells"]["mean"]["p_holm"] == first["cells"]["mean"]["p"]  # the primary contrast stands by itself
    ps = [each["cells"]["mean"] for each in others if each["cells"]["mean"]["p"] is not None]
    assert all(each["p_holm"] >= each["p"] for each in ps)
    assert np.mean(first["seeds"]["differences"]) == pytest.approx(means[0] - means[1])
    assert f"ssc against single: {first['words']}" in opened.out
    assert "opened once" in opened.out
    assert "| ssc minus single |" in (opened.confirm.path / "confirmation.md").read_text()


def test_a_generated_part_shows_the_answer_and_the_tables_that_it_kept(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = opened.confirm.path
    monkeypatch.setattr(studies, "ROOT", path.parent)
    said = PARTS["confirmation"](path)
    assert f"`python programs/confirm.py abl --primary ssc --against single,gepa --rows {ROWS}`" in said
    page = (path / "confirmation.md").read_text()
    assert page.splitlines()[2] in said  # the answer
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert [line for line in said.splitlines() if line.startswith("|")] == tables
    assert len(tables) > 12


def test_it_is_on_record_before_the_first_call_and_goes_on_without_repeating_one(
    opening: Confirm, opened: Opened, engines: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopping(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            assert opening.openings[-1]["results"] is None
            assert opening.openings[-1]["judges"]["ssc"].keys() == {"0", "1"}
            if len(self.asked) >= 9:
                raise KeyboardInterrupt
            return super().complete(request)

    engines.append(Stopping())
    assert opening(*PLAN) == 130
    assert opening(*PLAN) == 2
    assert "--resume goes on with that" in capsys.readouterr().err
    assert opening("--resume", "--primary", "initial") == 2
    assert "--resume: primary, judges differ from the opening" in capsys.readouterr().err
    engines.append(FakeEngine())
    assert opening("--resume", "--max-calls", 12) == 0
    assert "stopped, and nothing reported" in capsys.readouterr().out
    engines.append(FakeEngine())
    assert opening("--resume") == 0
    assert len(opened.confirm.engines[0].asked) == sum(len(each.asked) for each in engines)
    resumed = opening.openings[-1]["results"]
    engines.append(FakeEngine())
    assert opening("--resume") == 0  # shown again
    assert not engines[-1].asked
    assert {name: opened.results[name] for name in ("arms", "contrasts", "judges")} == {
        name: resumed[name] for name in ("arms", "contrasts", "judges")
    }


def test_another_look_is_recorded_and_shown(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opening = Confirm(Path(shutil.copytree(opened.confirm.path.parent, tmp_path / "runs")), monkeypatch)
    assert opening("--primary", "gepa", "--against", "initial", "--rows", ROWS) == 2
    assert opening("--primary", "gepa", "--against", "initial", "--rows", ROWS, "--again") == 0
    assert not opening.engines[0].asked  # their answers are known
    assert [each["primary"] for each in opening.openings] == ["ssc", "gepa"]
    assert "opened 2 times, so that this is no longer a first look" in capsys.readouterr().out


def test_the_strongest_rival_is_found_on_development_rows_and_written_down(
    opening: Confirm, engines: list[FakeEngine]
) -> None:
    assert opening("--primary", "ssc", "--against", "auto", "--rows", ROWS) == 0
    (found,) = opening.openings
    assert set(found["chosen"]) == {"single", "gepa", "initial"}
    assert found["against"] == [max(found["chosen"], key=lambda name: found["chosen"][name] or -2)]


BAD = {
    "no such arm": (("--primary", "scc", "--against", "single"), "no arm 'scc'"),
    "no primary": (("--against", "single"), "--primary is missing"),
    "itself": (("--primary", "ssc", "--against", "ssc"), "not the primary one"),
    "too many rows": (("--primary", "ssc", "--against", "single", "--rows", 500), "sealed rows; lower it"),
    "another LM": (("--primary", "ssc", "--against", "single", "--lm", "x/y"), "--lm: judges are asked as their runs"),
    "nothing to resume": (("--resume",), "have not been opened"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_opens_nothing(
    case: str, opening: Confirm, engines: list[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, words = BAD[case]
    assert opening(*arguments) == 2
    assert words in capsys.readouterr().err
    assert not opening.openings
    assert not engines[0].asked


def planted(quality: float, rows: int, seed: int) -> Scores:
    """A judge that follows the raters as closely as `quality` says, on rows that all seeds share."""
    human = np.random.default_rng(1).integers(0, 4, (rows, 2)).astype(float)
    noise = np.random.default_rng([seed, 2]).normal(size=(rows, 2))
    return Scores((Criterion("a", 0, 3), Criterion("b", 0, 3)), human, quality * human + noise)


@pytest.mark.parametrize(
    ("good", "rows", "words"), [(1.0, 120, "better"), (0.2, 120, "worse"), (0.5, 30, "not distinguishable, smallest")]
)
def test_verdicts_are_what_was_planted(good: float, rows: int, words: str) -> None:
    arms = {"x": [planted(good, rows, seed) for seed in (0, 10)], "y": [planted(0.5, rows, seed) for seed in (1, 11)]}
    (found,) = contrasts(arms, [("x", "y")], 0.02, 0)
    assert found["words"].startswith(words)
    runs = [*arms["x"], *arms["y"]]
    ranks = [scipy.stats.spearmanr(one.judge[:, 0], one.human[:, 0]).statistic for one in runs]
    assert found["cells"]["a"]["value"] == pytest.approx(np.mean(ranks[:2]) - np.mean(ranks[2:]))
    rows_only = found["cells"]["mean"]["high"] - found["cells"]["mean"]["low"]
    assert found["seeds"]["high"] - found["seeds"]["low"] > 0.9 * rows_only


def test_equal_judges_are_not_worse_by_more_than_the_margin() -> None:
    own = [planted(1.0, 200, seed) for seed in (0, 1)]
    few = np.arange(400).reshape(200, 2) % 97 == 0
    near = [Scores(one.criteria, one.human, np.where(few, 0, one.judge)) for one in own]
    (found,) = contrasts({"x": near, "y": own}, [("x", "y")], 0.05, 0)
    assert found["words"] in ("not worse by more than 0.05", "worse, within the margin")
