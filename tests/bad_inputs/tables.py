"""Tables that cannot be read, or whose cells cannot be."""

from tests.bad_inputs.case import HEADER, OWN, Case, rows, table

ONE = "d1,Why?,an answer,3,2\n"
LISTED = '--inputs question,answer --criteria "helpful:1-5,polite:0-3"'

TABLES = {
    "no such file": Case(f"optimize {OWN}", ("t.csv", "cannot be read")),
    "a folder": Case(f"optimize {OWN.replace('t.csv', 'runs')}", ("runs", "folder")),
    "an empty file": table("", "t.csv", "is empty"),
    "blank lines only": table("\n \n", "t.csv", "is empty"),
    "a mark only": table(b"\xef\xbb\xbf", "t.csv", "is empty"),
    "a header only": table(HEADER, "t.csv", "holds no rows"),
    "latin-1": table(HEADER.encode() + "d1,Why?,café,3,2\n".encode("latin-1"), "t.csv", "byte", "UTF-8"),
    "utf-16": table(rows().encode("utf-16"), "t.csv", "UTF-8"),
    "a NUL byte": table(rows(answer="a\0b"), "t.csv", "line 4", "NUL"),
    "a short row": table(rows() + "d1,Why?\n", "row 61", "2 cells"),
    "a long row": table(rows() + "d1,Why?,one, two,3,2\n", "row 61", "6 cells", "quotation"),
    "an open quotation mark": table(rows() + 'd1,Why?,"an answer,3,2\n', "row 61", "twice"),
    "two columns of one name": table(rows().replace("question", "answer"), "t.csv", "'answer'", "twice"),
    "semicolons": table(rows().replace(",", ";"), "line 1", "';'"),
    "tabs in a .csv": table(rows().replace(",", "\t"), "line 1", "tabs"),
    "another format": Case(f"optimize {OWN.replace('t.csv', 't.xlsx')}", ("t.xlsx", "CSV"), {"t.xlsx": b"PK"}),
    "JSON that is cut off": Case(
        f"optimize --data t.jsonl {LISTED}", ("t.jsonl", "line 1", "not JSON"), {"t.jsonl": '{"id": "d"'}
    ),
    "a JSON object, no list": Case(f"optimize --data t.json {LISTED}", ("t.json", "list"), {"t.json": '{"rows": []}'}),
    "a key twice": Case(f"optimize --data t.jsonl {LISTED}", ("line 1", "twice"), {"t.jsonl": '{"id": 1, "id": 2}'}),
    "no Parquet": Case(f"optimize --data t.parquet {LISTED}", ("t.parquet", "Parquet"), {"t.parquet": b"PAR1 no"}),
    "an unknown column": table(rows().replace("answer,", "anwser,", 1), "'answer'", "did you mean 'anwser'"),
    "no column of documents": table(rows(), "no column 'doc'", flags=OWN.replace("--group id", "--group doc")),
    "a rating above the scale": table(rows(helpful="6"), "row 3", "'helpful'", "1-5"),
    "a rating below the scale": table(rows(polite="-1"), "row 3", "'polite'", "0-3"),
    "text in a rating": table(rows(helpful="good"), "row 3", "'helpful'", "not a number"),
    "a decimal comma": table(rows(helpful='"4,5"'), "row 3", "'4,5'", "not a number"),
    "NaN": table(rows(helpful="nan"), "row 3", "'helpful'", "not a number"),
    "infinity": table(rows(helpful="inf"), "row 3", "'helpful'", "not a number"),
    "a number too large": table(rows(helpful="1e999"), "row 3", "'helpful'", "not a number"),
    "an empty rating": table(rows(helpful=""), "row 3", "'helpful'", "empty"),
    "an empty text": table(rows(answer=""), "row 3", "'answer'", "empty"),
    "an empty document": table(rows(id=" "), "row 3", "'id'", "empty"),
    "several bad rows": table(rows(helpful="9") + "d1,Why?,one,9,2\n", "row 3", "2 of 61 rows"),
    "an id twice": table(rows(), "'d0'", "row 21", flags=f"{OWN} --row id"),
    "one document only": table(HEADER + ONE * 60, "document"),
    "fewer rows than the sizes need": table(rows(), "60", flags=f"{OWN} --train-size 50 --test-size 50"),
    "three rows": table(rows(3), "3 "),
    "half a character": Case(
        f"optimize --data t.jsonl {LISTED}", ("row 1", "surrogate"),
        {"t.jsonl": '{"question": "\\ud800", "answer": "a", "helpful": 1, "polite": 1}'},
    ),
    "a rating in a list": Case(
        f"optimize --data t.jsonl {LISTED}", ("row 1", "'helpful'", "not a number"),
        {"t.jsonl": '{"question": "q", "answer": "a", "helpful": [1], "polite": 1}'},
    ),
    "ratings of an unknown item": Case(
        f"optimize {OWN} --row answer --ratings r.csv", ("r.csv", "row 1", "'nobody'"),
        {"t.csv": rows(), "r.csv": "item,rater,helpful,polite\nnobody,anna,3,2\n"},
    ),
}  # fmt: skip
