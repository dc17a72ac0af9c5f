"""Files that judgegrad wrote, damaged, of another task or of another version, and judges that do not fit the rows."""

from tests.bad_inputs.case import Case

SCORE = "score runs/one --data rated.csv --out o.csv"
JUDGE = "runs/one/judge.json"
GIVEN_ROWS = "answer,h\n" + "".join(f"answer {place},3\n" for place in range(60))
GIVEN = "compare runs/one g.csv@answer:helpful=h"


def damaged(command: str, file: str, content: str | bytes | None, *words: str) -> Case:
    """The file stands there with other content (None: not at all)."""
    return Case(command, words, {file: content})


FOLDERS = {
    "no judge": damaged(SCORE, JUDGE, None, "judge.json", "does not exist"),
    "a judge that is no JSON": damaged(SCORE, JUDGE, "{", "judge.json", "JSON"),
    "a judge of another version": damaged(SCORE, JUDGE, '{"judgegrad": {"format": 99}}', "judge.json", "format 1"),
    "a judge of another program": damaged(SCORE, JUDGE, '{"heads": []}', "judge.json", "not a judge"),
    "a judge of bytes": damaged(SCORE, JUDGE, b"\xff\xfe\0", "judge.json", "restore"),
    "a judge of another task": Case(
        "evaluate runs/one --task summeval --data rated.csv", ("judge.json", "summeval", "give a judge of this task")
    ),
    "texts without the judge's columns": Case(
        "score runs/one --data t.csv --out o.csv", ("t.csv", "'answer'"), {"t.csv": "question\nWhy?\n"}
    ),
    "texts with an empty cell": Case(
        "score runs/one --data t.csv --out o.csv", ("t.csv", "row 2", "'answer'", "empty"),
        {"t.csv": "question,answer\nWhy?,a\nWhy?,\n"},
    ),
    "texts with a NUL": Case(
        "score runs/one --data t.csv --out o.csv", ("t.csv", "line 2", "NUL"), {"t.csv": "question,answer\nWhy?,a\0\n"}
    ),
    "no texts": Case(
        "score runs/one --data t.csv --out o.csv", ("t.csv", "holds no rows"), {"t.csv": "question,answer\n"}
    ),
    "rated rows off the scale": Case(
        "evaluate runs/one --data t.csv", ("t.csv", "row 1", "'helpful'", "1-5"),
        {"t.csv": "id,question,answer,helpful,polite\nd,Why?,a,7,1\n"},
    ),
    "rated rows without ratings": Case(
        "evaluate runs/one --data t.csv", ("t.csv", "'helpful'"), {"t.csv": "id,question,answer\nd,Why?,a\n"}
    ),
    "a config that is no JSON": damaged("optimize --resume one", "runs/one/config.json", "{", "config.json"),
    "a config of nothing": damaged("optimize --resume one", "runs/one/config.json", "{}", "config.json", "damaged"),
    "no config": damaged("optimize --resume one", "runs/one/config.json", None, "'one'"),
    "a summary that is none, reported": damaged("report runs/one", "runs/one/summary.json", "[]", "summary.json"),
    "no summary, reported": damaged("report runs/one", "runs/one/summary.json", None, "summary.json", "--resume"),
    "damaged steps, reported": damaged("report runs/one", "runs/one/steps.jsonl", "{\n", "steps.jsonl", "line 1"),
    "damaged steps, diagnosed": damaged("diagnose runs/one", "runs/one/steps.jsonl", "[1]\n", "steps.jsonl", "line 1"),
    "damaged scores, reported": damaged("report runs/one", "runs/one/scores.json", '{"rows": 3}', "scores.json"),
    "damaged scores, compared": Case(
        GIVEN, ("scores.json", "damaged"), {"runs/one/scores.json": '{"rows": [[]]}', "g.csv": GIVEN_ROWS}
    ),
    "no scores, advised": damaged("advise runs/one --difference .1", "runs/one/scores.json", None, "scores.json"),
    "a run that has not ended, compared": damaged(
        "compare runs/one rated.csv@answer:helpful=helpful", "runs/one/summary.json", None, "has not ended"
    ),
    "advice from nothing": Case("advise nothing --difference .1", ("nothing", "pilot")),
    "advice from a table": Case("advise rated.csv --difference .1", ("rated.csv",)),
    "a report of nothing": Case("report nothing", ("nothing",)),
    "a comparison with a missing file": Case("compare runs/one none.csv", ("none.csv",)),
    "a comparison with scores off the scale": Case(
        GIVEN, ("g.csv", "row 1", "'h'", "1-5"), {"g.csv": "answer,h\nanswer 1,9\n"}
    ),
    "a comparison with rows of another table": Case(
        GIVEN, ("g.csv", "none of its rows"), {"g.csv": "answer,h\nother,3\n"}
    ),
    "a comparison by an unknown criterion": Case(
        "compare runs/one g.csv@answer:helpfull=h", ("helpfull", "did you mean 'helpful'"), {"g.csv": "answer,h\nx,3\n"}
    ),
    "anchors that are no JSON": damaged("check runs/one anchors.json", "anchors.json", "{", "anchors.json"),
    "anchors of another program": damaged("check runs/one anchors.json", "anchors.json", "{}", "--freeze"),
    "no anchors": Case("check runs/one none.json", ("none.json", "--freeze")),
    "an export of a damaged judge": damaged("export runs/one --to text --out o.txt", JUDGE, "[]", "judge.json"),
    "a study that is damaged": damaged("study --run s --yes", "runs/s/study.json", "[]", "study.json", "damaged"),
    "a task file of nothing": Case("optimize --task own.toml", ("own.toml", "'inputs'"), {"own.toml": "# empty"}),
    "a task file that is no TOML": Case("optimize --task own.toml", ("own.toml", "TOML"), {"own.toml": "name = "}),
    "a task file that is not there": Case("optimize --task none.toml", ("none.toml",)),
    "a curve of another judge": Case(
        f"{SCORE} --abstain 1 --curve c.json", ("c.json", "--curve"), {"c.json": "{}"}
    ),
    "an unfinished scoring of something else": Case(
        SCORE, ("o.csv.part", "remove that folder"),
        {"o.csv.part/asked.json": "{}", "o.csv.part/calls-000000.jsonl": "{}\n"},
    ),
}  # fmt: skip
