"""How long the rubrics were after every step: a small file beside the steps, so that tables need no rubric's text."""

from collections.abc import Mapping
from pathlib import Path

from metrics.length import Lengths
from metrics.tokens import TOKENIZER
from programs.errors import UserError
from programs.records.folder import RunFolder, read_json, read_lines, write_json
from signatures.records import Rubric

LengthsByStep = Mapping[int, Lengths]


def write_lengths(folder: RunFolder) -> LengthsByStep:
    """Counts the rubrics of steps.jsonl, writes lengths.json, `{"tokenizer": NAME, "steps": {STEP: {CRITERION: N}}}`.

    Raises UserError where the steps are missing or damaged.
    """
    found = {step: Lengths.of(rubric) for step, rubric in read_rubrics(folder.steps).items()}
    steps = {str(step): dict(lengths.tokens) for step, lengths in found.items()}
    write_json(folder.lengths, {"tokenizer": TOKENIZER, "steps": steps})
    return found


def lengths_of(folder: RunFolder) -> LengthsByStep:
    """The lengths by step; made again from steps.jsonl where the file is missing, damaged or of another tokenizer."""
    try:
        found = read_json(folder.lengths)
        if found["tokenizer"] == TOKENIZER:
            return {int(step): Lengths(_counts(tokens)) for step, tokens in found["steps"].items()}
    except (UserError, KeyError, TypeError, ValueError, AttributeError):
        pass
    return write_lengths(folder)


def read_rubrics(path: Path) -> dict[int, Rubric]:
    """Step -> the rubrics after it, from a steps.jsonl. Raises UserError where it is missing or damaged."""
    records = read_lines(path)
    try:
        return {int(record["step"]): dict(record["rubric"]) for record in records}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is damaged ({error}): remove the cell's summary.json and run the study again"
        ) from None


def _counts(tokens: Mapping[str, int]) -> dict[str, int]:
    if not tokens or not all(isinstance(count, int) and count >= 0 for count in tokens.values()):
        raise ValueError("no counts of tokens")
    return dict(tokens)
