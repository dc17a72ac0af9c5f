"""The world in which optimizers are compared: a rubric that names its words makes the judge agree with the ratings."""

import csv
from pathlib import Path

import numpy as np

from tests.benchmarks.hidden_words import OTHERS, WORDS, named, rubric, score, write_rows


def test_the_error_falls_with_every_word_that_a_rubric_names(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", 300)
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, words in WORDS.items():
        errors = [
            np.mean([abs(score(name, rubric(list(words[:count])), row["text"]) - int(row[name])) for row in rows])
            for count in range(5)
        ]
        assert errors == sorted(errors, reverse=True)
        assert errors[0] > 0.5
        assert errors[-1] == 0
        other = np.mean([abs(score(name, rubric(list(OTHERS)), row["text"]) - int(row[name])) for row in rows])
        assert other == errors[0]


def test_a_rubric_names_what_it_was_made_of() -> None:
    assert named(rubric(["amber", "dune"]), WORDS["clarity"]) == {"amber", "dune"}
    assert named(rubric([]), WORDS["clarity"]) == set()
