"""The exported folder: what promptfoo makes of it, and promptfoo itself where it is installed (npm)."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dspy
import pytest

from tests.exporting.cases import ROWS, exported, judge, loaded, sent
from tests.fake import FakeEngine, fake_lm
from tests.stub_server import stub_server


def rendered(text: str) -> str:
    """What nunjucks makes of an escaped text; it would fail on, or replace, any mark that is left."""
    bare = re.sub(r"\{\{ '(.)' \}\}", "", text)
    assert not re.search(r"\{[{%#]|#\}", bare)
    return re.sub(r"\{\{ '(.)' \}\}", r"\1", text)


@pytest.mark.parametrize("separate", [False, True])
def test_prompts_are_templates_for_what_judgegrad_sends(separate: bool) -> None:
    made = judge(separate=separate, rubric="{{ x }} {% y %} {# z #} {{{")
    module = loaded(exported("promptfoo", made)["judge.py"])
    prompts = [module.prompt_1, module.prompt_2] if separate else [module.prompt_1]
    with stub_server() as server:
        bodies = sent(made, ROWS[1:5], server)
    asked = [prompt({"vars": row}) for row in ROWS[1:5] for prompt in prompts]
    for one, body in zip(asked, bodies, strict=True):
        messages = [{**each, "content": rendered(each["content"])} for each in one["prompt"]]
        config = one["config"]
        parameters = {name: value for name, value in config.items() if name != "passthrough"}
        assert {"model": body["model"], "messages": messages, **parameters, **config["passthrough"]} == body


def test_the_assertion_names_valid_scores_only() -> None:
    module = loaded(exported("promptfoo", judge(separate=True))["judge.py"])
    context = {"prompt": json.dumps(module.messages_of(module.CALLS[1], ROWS[0]))}
    found = module.get_assert('{"polite": 3, "severity": -1}', context)
    assert found == {
        "pass": True, "score": 1.0, "reason": "all criteria are scored", "namedScores": {"severity": -1}
    }  # fmt: skip
    assert module.get_assert({"severity": 2}, context)["namedScores"] == {"severity": 2}
    missing = module.get_assert('{"severity": 3}', context)
    assert (missing["pass"], missing["score"], missing["namedScores"]) == (False, 0.0, {})
    assert missing["reason"] == "unscored: severity"


@pytest.mark.skipif(shutil.which("promptfoo") is None, reason="promptfoo is not installed")
def test_promptfoo_asks_and_scores_as_judgegrad(tmp_path: Path) -> None:
    made = judge(separate=True, rubric="{{ message }} {% raw %} {# z #} {{{")
    for name, content in exported("promptfoo", made).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["message", "reply"])
        writer.writeheader()
        writer.writerows(ROWS)
    engine = FakeEngine(reply=lambda asked: '{"polite": 9}' if ROWS[2]["reply"] in asked.user else None)
    with stub_server(engine) as server:
        results = evaluated(tmp_path, server.url)
        asked = list(server.bodies)
        ours = sent(made, ROWS, server)
    for body in asked:
        body.pop("max_tokens")  # promptfoo's own
    assert sorted(json.dumps(each, sort_keys=True) for each in asked) == sorted(
        json.dumps(each, sort_keys=True) for each in ours
    )
    found: list[dict[str, Any]] = [dict.fromkeys(("polite", "severity")) for _ in ROWS]
    for result in results:
        found[result["testIdx"]] |= result["namedScores"]
    with dspy.context(lm=fake_lm(engine)):
        assert found == [dict(made(**row).toDict()) for row in ROWS]


def evaluated(folder: Path, url: str) -> list[dict[str, Any]]:
    """What `promptfoo eval` in the folder finds, without telemetry."""
    own = {
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "none",
        "PROMPTFOO_PYTHON": sys.executable,
        "PROMPTFOO_CONFIG_DIR": str(folder / ".promptfoo"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
    }
    command = ["promptfoo", "eval", "--no-cache", "--no-table", "--no-progress-bar", "--output", "out.json"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True)
    assert (folder / "out.json").exists(), done.stderr
    return list(json.loads((folder / "out.json").read_text())["results"]["results"])
