"""No page runs, fetches or styles anything that comes from data: every page parsed, with hostile texts everywhere."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from programs import compare
from programs.optimizer.saved import load_judge, save_judge
from programs.records.folder import RunFolder
from tests.commands import run
from tests.reports import conftest
from tests.reports.markup import Page

HOSTILE = (
    "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'> {{ 7*7 }} "
    '<svg onload=alert(1)><a href="javascript:alert(1)">x</a></svg> <style>*{display:none}</style> '
    '" onmouseover="alert(1)" style="background:url(http://127.0.0.1/x) <!-- --!> ]]> \u2028\u2029 &#60;b&#62; '
    "<base href=//127.0.0.1><meta http-equiv=refresh content=0;url=//127.0.0.1> \x00\x1b[31m %3Cscript%3E </title>"
).replace("\x00", "")


@pytest.fixture(autouse=True)
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the data, a criterion's label, the LMs' texts and every rubric."""
    monkeypatch.setattr(conftest, "PAYLOAD", HOSTILE)


def look_at(path: Path) -> Page:
    page = Page(path)
    text = path.read_text(encoding="utf-8")
    assert not page.wrong
    ours = [(tag, given) for tag, given in page.active if tag in ("meta", "link", "style")]
    assert [tag for tag, _ in ours] == ["meta", "meta", "meta", "meta", "link", "style"]
    assert {tag for tag, _ in page.active} <= {"meta", "link", "style", "script"}
    policy = next(given["content"] for tag, given in ours if given.get("http-equiv") == "Content-Security-Policy") or ""
    for script in page.scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert len(page.scripts) == 2
    assert "default-src 'none'" in policy
    assert "unsafe-inline'; script-src 'sha256-" in policy
    for figure in page.data:
        json.loads(figure)
        assert "<" not in figure
    assert "hacked=1" in text, "the page shows nothing hostile"
    return page


def test_a_runs_page(run_folder: RunFolder) -> None:
    assert look_at(run_folder.report).data


def test_a_comparisons_page(
    run_folder: RunFolder, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = load_judge(run_folder.path)
    save_judge(judge.with_rubric({"polite": f"Be strict. {HOSTILE}"}), tmp_path / "other.json")
    flags = ["--data", table, "--html", tmp_path / "page.html", "--names", f"a {HOSTILE.replace(',', '')},b"]
    assert (
        run(compare.main, tmp_path / "other.json", run_folder.path / "judge.json", *flags, monkeypatch=monkeypatch) == 0
    )
    look_at(tmp_path / "page.html")
