"""A server that refuses token probabilities, or a setting: gone on without where that was left open, else one line."""

from pathlib import Path

import pytest

from programs import score
from tests.applying.scoring.conftest import read
from tests.commands import run
from tests.fake import FakeEngine
from tests.stub_server import StubServer, _Handler, stub_server

WORDS = {
    "logprobs": "--readout digits, --probabilities off",
    "response_format": "use --schema off",
    "seed": "set every role's temperature to 0",
    "temperature": "--judge-temperature",
}


class Refusing(_Handler):
    """Answers 400 to a request that has a field of that name."""

    name = ""

    def _send(self, status: int, content: dict) -> None:
        if self.name in self.server.bodies[-1]:
            status, content = 400, {"error": {"message": f"{self.name} is not supported", "type": "invalid"}}
        super()._send(status, content)


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    with stub_server(FakeEngine()) as server:
        server.RequestHandlerClass = type("Own", (Refusing,), {"name": request.param})
        yield server


def scored(
    server: StubServer, judge: Path, texts: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *flags: str
) -> int:
    where = ["--api-base", server.url, "--lm", "stub", "--threads", "1", "--reuse", "off"]
    return run(score.main, judge, "--data", texts, "--out", out, *where, *flags, monkeypatch=monkeypatch)


@pytest.mark.parametrize("server", ["logprobs"], indirect=True)
def test_probabilities_that_are_refused_are_asked_for_no_more(
    server: StubServer, judge: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.csv"
    assert scored(server, judge, texts, out, monkeypatch) == 0
    rows = read(out)
    assert all(row["kind_score"] and not row["kind_confidence"] for row in rows)
    assert len(server.bodies) == len(rows) + 1
    printed = capsys.readouterr().out
    assert printed.count("refuses token probabilities") == 1
    assert f"without a confidence: {2 * len(rows)} scores" in printed


@pytest.mark.parametrize("flags", [["--probabilities", "on"], ["--readout", "expected"]])
@pytest.mark.parametrize("server", ["logprobs"], indirect=True)
def test_probabilities_that_were_asked_for_end_in_one_line(
    flags: list[str], server: StubServer, judge: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert scored(server, judge, texts, tmp_path / "out.csv", monkeypatch, *flags) == 3
    assert WORDS["logprobs"] in capsys.readouterr().err


@pytest.mark.parametrize("server", ["response_format", "seed", "temperature"], indirect=True)
def test_a_setting_that_is_refused_ends_in_one_line_with_its_remedy(
    server: StubServer, judge: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert scored(server, judge, texts, tmp_path / "out.csv", monkeypatch) == 3
    name = server.RequestHandlerClass.name
    assert WORDS[name] in capsys.readouterr().err.splitlines()[-1]
    assert len(server.bodies) == 1
