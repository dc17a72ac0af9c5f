"""What stands in for a reply that there is none of, while the run goes on or ends."""

from dspy.utils.exceptions import ContextWindowExceededError, LMError


class NoAnswer(LMError):
    """Raised instead of sending a request when the log only answers what it knows already."""

    default_code = "no_answer"


class GivenUp(NoAnswer):
    """Raised in place of an LM's error that every attempt at a call has met and that others need not meet."""

    default_code = "given_up"


class Stopped(LMError):
    """Raised instead of sending a request when the calls around it are to end: nothing is known of its item."""

    default_code = "stopped"


NO_REPLY = (NoAnswer, ContextWindowExceededError)
"""What leaves one item without a reply, unscored or without a text, while the run goes on."""
