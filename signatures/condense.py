"""A rubric said again in about so many words (`--constrain`): condensed, or extended from the feedback about it."""

import dspy

from signatures.records import Criterion
from signatures.request import Request
from signatures.rewrite import rubric_form


class Condense(dspy.Signature):
    """You shorten the rubric that a judge follows when it scores texts. Say the same in fewer words: keep what to look
    for and what each level of the scale is like, drop what is said twice, and add nothing. Write an instruction to the
    judge, keep the scale as it is, and say nothing of reply formats."""

    rubric: str = dspy.InputField(desc="the current rubric")
    request: Request = dspy.InputField(desc="what to write now, and in which form")
    shorter: str = dspy.OutputField(desc="the same rubric in fewer words")


class Extend(dspy.Signature):
    """You complete the rubric that a judge follows when it scores texts. It says too little. Keep what it says, and add
    from the feedback what to look for in a text and what low and high levels of the scale are like, in general terms.
    Write an instruction to the judge for any text, do not mention the feedback, keep the scale as it is, and say
    nothing of reply formats."""

    rubric: str = dspy.InputField(desc="the current rubric")
    feedback: list[str] = dspy.InputField(desc="feedback on the rubric")
    request: Request = dspy.InputField(desc="what to write now, and in which form")
    longer: str = dspy.OutputField(desc="the completed rubric")


def condense_request(criterion: Criterion, words: int) -> str:
    """The length and the form of the reply. Asked for "the same" in fewer words, the embedded model copied it whole."""
    return (
        f"Now summarize the rubric for {criterion.title} in short sentences, in at most {words} words, as one JSON "
        f'object: {{"shorter":"{rubric_form(criterion)}"}}'
    )


def extend_request(criterion: Criterion, words: int) -> str:
    """The length and the form of the reply."""
    return (
        f"Now write the completed rubric for {criterion.title}, in about {words} words, as one JSON object: "
        f'{{"longer":"{rubric_form(criterion)}"}}'
    )
