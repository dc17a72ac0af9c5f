"""Equal budgets: the steps that each arm can take for the LM calls of another one's search.

Calls are the estimates', upper bounds that `--reuse off` would send: what is known of an arm before it runs. An arm
that says its own number of steps keeps it.
"""

from dataclasses import replace

from programs.errors import UserError
from programs.optimizer.methods import search_calls
from programs.optimizer.run import Material
from programs.settings import Settings

MOST_STEPS = 200


def with_steps(settings: Settings, calls: int, material: Material, name: str) -> Settings:
    """The settings with the most steps whose search takes at most so many calls. Raises UserError where none does."""
    best = None
    for steps in range(1, MOST_STEPS + 1):
        tried = replace(settings, steps=steps)
        try:
            needed = search_calls(tried, material.task, material.splits)
        except UserError:  # a peer that cannot do with so few
            continue
        if needed > calls:
            break
        best = tried
    if best is None:
        raise UserError(f"--equal-calls: no step of arm {name} fits in {calls} calls: leave it out, or say its steps")
    return best
