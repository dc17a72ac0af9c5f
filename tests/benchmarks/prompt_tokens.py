"""Tokens of a judgement on SummEval's four criteria with their initial rubrics, and what a prefix cache can keep.

    python -m tests.benchmarks.prompt_tokens [DATA_FOLDER] [DOCUMENTS]

DATA_FOLDER holds summeval.jsonl, of which the first DOCUMENTS (100, all, of 16 rows each) are judged. The prompts are
those that evaluate.py and optimize.py send to a stub server; tokens are those of `metrics.tokens` (cl100k_base) in the
messages' texts, without a chat template's few for each message and without the JSON schema, which is printed. Replies
are counted in the form that each prompt asks for. The cache is ideal: it keeps every earlier prompt (`prefixes`).

The paper's own prompt is rebuilt from its authors' published program: one message of directive, output format (a line a
criterion with its levels), instructions (a line a criterion), sample with labels, and a heading for the response. The
wording is ours, with a directive that is shorter than theirs, so that the comparison is not in our favour.
"""

import json
import os
import sys
import tempfile
import zlib
from pathlib import Path

import dspy
import orjson

from metrics.tokens import count_tokens
from programs import evaluate, optimize
from programs.backends.adapter import assistant_text, response_format
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.loading import load_rows
from programs.tasks.task import load_task
from tests.benchmarks.prefixes import shared_prefix
from tests.fake import Asked, chat_reply
from tests.measured import Figure, keep
from tests.stub_server import stub_server

COMMAND = "python -m tests.benchmarks.prompt_tokens"
DIRECTIVE = (
    "You are a careful evaluator. Evaluate accurately by following the Instructions below.\n\n## Task\n"
    "Evaluate the Summary given the Source Text.\n1. Consider its strengths and flaws.\n"
    "2. Assign a value by their number and severity."
)
SCORES = {"fluency": 5, "relevance": 4, "coherence": 3, "consistency": 5}
STAGES = ("loss", "gradient", "rewrite")
SMALL = 64
"""Prompts that a small cache keeps."""


def main(data: str | None = None, documents: str = "100") -> int:
    folder = Path(data or os.environ.get("JUDGEGRAD_DATA", Path(__file__).parents[3] / "shared" / "data"))
    with tempfile.TemporaryDirectory() as place:
        table = first_documents(folder / "summeval.jsonl", int(documents), Path(place))
        return keep("prompt-tokens", "speed", 4, COMMAND, [*judgements(table), *stages(table)])


def judgements(table: Path) -> list[Figure]:
    """Prompt and completion tokens a judgement of three prompts, and the share of ours that a cache can keep."""
    task = load_task("summeval")
    rows = load_rows(task, str(table))
    signature = Judge(task).heads[0].signature
    ours, chat = (sent_by_evaluate(table, adapter) for adapter in ("compact", "chat"))
    paper = [paper_prompt(row) for row in rows]
    own_reply = assistant_text(signature, SCORES)
    paper_reply = json.dumps(SCORES, indent=2)
    means = {
        "ours": mean_tokens(ours) + count_tokens(own_reply),
        "chat": mean_tokens(chat) + count_tokens(chat_reply(SCORES)),
        "paper": mean_tokens(paper) + count_tokens(paper_reply),
        "texts": mean_tokens([f"{row['source']}\n{row['summary']}" for row in rows]),
    }
    schema = count_tokens(orjson.dumps(response_format(signature)).decode())
    around = {name: means[name] - means["texts"] for name in ("ours", "chat", "paper")}
    print(
        f"of these the texts themselves: {means['texts']:.0f} tokens; around them ours {around['ours']:.0f}, "
        f"ChatAdapter {around['chat']:.0f}, the paper {around['paper']:.0f}; the JSON schema beside ours: {schema}"
    )
    mixed = shared_prefix(sorted(ours, key=lambda prompt: zlib.crc32(prompt.encode())), SMALL)
    print(f"random order without bringing a document's rows together, cache of {SMALL} prompts: {mixed:.0%}")
    kept, shuffled = shared_prefix(ours), shared_prefix(sent_by_evaluate(shuffled_table(table), "compact"), SMALL)
    ratio, beside = means["ours"] / means["chat"], means["ours"] / means["paper"]
    n = f"{len(rows)} rows"
    return [
        Figure(
            f"tokens a judgement, prompt and reply (SummEval, four criteria, initial rubrics, {n}), as a share of "
            "DSPy's ChatAdapter's",
            f"{means['ours']:.0f} of {means['chat']:.0f}: {ratio:.1%}",
            "at most 60 %",
            ratio <= 0.6,
        ),
        Figure(
            "the same, beside the paper's own prompt",
            f"{means['ours']:.0f} of {means['paper']:.0f}: {beside:.0%}",
            "at most 100 %",
            beside <= 1,
        ),
        Figure(
            "prompt tokens of that evaluation which an earlier prompt began with (ideal prefix cache)",
            f"{kept:.0%}",
            "at least 75 %",
            kept >= 0.75,
        ),
        Figure(
            f"the same where the table's rows stand in random order and the cache holds the last {SMALL} prompts",
            f"{shuffled:.0%}",
            "at least 75 %",
            shuffled >= 0.75,
        ),
    ]


def stages(table: Path) -> list[Figure]:
    """What the prompts of one step share with an earlier one of the same step (batch of 3), by mode and stage."""
    found = []
    for mode in ("SSS", "SSC", "SCC", "CCC"):
        asked = sent_by_optimize(table, mode)
        parts = {stage: [text(each) for each in asked if each.stage == stage] for stage in STAGES}
        shares = {stage: shared_prefix(prompts) for stage, prompts in parts.items()}
        several = [shares[stage] for stage, prompts in parts.items() if len(prompts) > 1]
        told = ", ".join(
            f"{stage} {shares[stage]:.0%}" if len(parts[stage]) > 1 else f"{stage} is one call" for stage in STAGES
        )
        found.append(
            Figure(f"prompt tokens shared within a step, {mode}", told, "some in each stage", min(several) > 0)
        )
    return found


def sent_by_evaluate(table: Path, adapter: str) -> list[str]:
    """The prompts of evaluate.py, in the order in which they are sent."""
    judge = table.parent / f"{adapter}.json"
    save_judge(Judge(load_task("summeval"), adapter=adapter, schema="on"), judge)
    with stub_server() as server:
        flags = [str(judge), "--data", str(table), "--threads", "1", *lm_flags(server.url)]
        quietly(evaluate.main, flags)
        return [text(each) for each in server.engine.asked]


def sent_by_optimize(table: Path, mode: str) -> list[Asked]:
    """All requests of a run of one step."""
    sizes = ["--train-size", "32", "--val-size", "32", "--test-size", "32", "--steps", "1", "--batch-size", "3"]
    runs = ["--runs-dir", str(table.parent / "runs"), "--run", mode, "--mode", mode]
    with stub_server() as server:
        flags = ["--task", "summeval", "--data", str(table), "--threads", "1", *sizes, *runs, "--schema", "on"]
        flags += lm_flags(server.url)
        quietly(optimize.main, flags)
        return list(server.engine.asked)


def lm_flags(url: str) -> list[str]:
    return ["--lm", "stub", "--api-base", url]


def quietly(command, flags: list[str]) -> None:  # type: ignore[no-untyped-def]
    """The command without what it prints. Raises RuntimeError where it fails."""
    screen = sys.stdout, sys.stderr
    with Path(os.devnull).open("w") as nothing:
        sys.stdout = sys.stderr = nothing
        try:
            code = command(flags)
        finally:
            sys.stdout, sys.stderr = screen
    if code:
        raise RuntimeError(f"{command.__module__} ended with {code}")


def text(asked: Asked) -> str:
    return f"{asked.system}\n{asked.user}"


def mean_tokens(prompts: list[str]) -> float:
    return sum(map(count_tokens, prompts)) / len(prompts)


def paper_prompt(row: dspy.Example) -> str:
    """The paper's judge prompt for a row of SummEval (see above), with the initial rubrics."""
    names = list(SCORES)
    form = "{\n" + ",\n".join(f'  "{name}": 1|2|3|4|5' for name in names) + "\n}"
    rubrics = "\n".join(f"- {name}: Rate from 1 to 5." for name in names)
    return (
        f"{DIRECTIVE}\n\n## Output format (follow this EXACTLY):\n{form}\n\n## Instructions:\n{rubrics}\n\n\n"
        f"## Sample:\nSummary: {row['summary']}\nSource Text: {row['source']}\n\n## Response:\n"
    )


def first_documents(data: Path, documents: int, place: Path) -> Path:
    """A table of the rows of the first documents, as they stand in the data."""
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    names = list(dict.fromkeys(json.loads(line)["doc_id"] for line in lines))[:documents]
    table = place / "rows.jsonl"
    table.write_text("".join(line for line in lines if json.loads(line)["doc_id"] in names), encoding="utf-8")
    return table


def shuffled_table(table: Path) -> Path:
    """The same rows in an order that has nothing to do with documents."""
    lines = sorted(
        table.read_text(encoding="utf-8").splitlines(keepends=True), key=lambda line: zlib.crc32(line.encode())
    )
    other = table.with_name("shuffled.jsonl")
    other.write_text("".join(lines), encoding="utf-8")
    return other


if __name__ == "__main__":
    os.environ.setdefault("OPENAI_API_KEY", "none")
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    sys.exit(main(*sys.argv[1:]))
