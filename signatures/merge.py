"""The control of conflict resolution: one LM is asked to merge the feedback and to resolve what contradicts itself."""

import dspy

from signatures.request import Request


class Merge(dspy.Signature):
    """You merge feedback on the rubric of a judge. The pieces of feedback come from several cases and may contradict
    each other. Write one feedback that holds what they agree on, and that resolves each contradiction: say which side
    to follow, or for which texts each side holds. Leave out what does not matter. Name the criterion of each change.
    Plain text, no headings or lists."""

    feedback: list[str] = dspy.InputField(desc="feedback on the rubric; in brackets, the criteria that it is about")
    request: Request = dspy.InputField(desc="what to write now")
    merged: str = dspy.OutputField(desc="the merged feedback")


MERGE_REQUEST = "Now write the merged feedback, without contradictions, one sentence a change. It begins: For ..."
