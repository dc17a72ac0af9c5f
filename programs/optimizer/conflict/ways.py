"""From settings to how conflicts are resolved, and the most calls that it takes.

What computes is imported where it is chosen: commands start without SciPy.
"""

from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.plugs import Resolve
from programs.settings import Settings

EQUATIONS = ("pcgrad", "cagrad", "mgda")
"""The ways of `--resolve` that resolve conflicts between criteria by an equation."""


def embeds(settings: Settings) -> bool:
    """Whether suggestions are embedded, so that an embedder is asked."""
    return settings.stepwise and settings.resolve in EQUATIONS and settings.conflict == "embedding"


def by_equation(settings: Settings) -> Resolve:
    """The equation of `--resolve` on what `--conflict` measures."""
    from programs.optimizer.conflict.resolution import CHOICES, METHODS

    combine = METHODS[settings.resolve]
    if settings.conflict == "embedding":
        from programs.optimizer.conflict.embedding import by_embedding

        return by_embedding(combine, settings.edits)
    from programs.optimizer.conflict.behaviour import by_behaviour

    return by_behaviour(combine, CHOICES[settings.conflict], settings.edits, settings.probe_rows, settings.edit_noise)


def by_merging(settings: Settings) -> Resolve:
    """One LM call in place of the equations."""
    from programs.optimizer.conflict.merging import merged

    return merged


def equation_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """A step condenses once. In behaviour, all heads judge the probe rows as they are and with each edit; embedding, it
    embeds a suggestion a criterion."""
    condensed = {"condense": plan.steps}
    if settings.conflict == "embedding":
        return {**condensed, "embed": plan.steps * len(plan.criteria)}
    return {**condensed, "judge": plan.steps * plan.heads * settings.probe_rows * (settings.edits + 1)}


def merging_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """One a step."""
    return {"condense": plan.steps}


def check_conflict(settings: Settings) -> None:
    """Raises UserError for a measure of conflict that nothing resolves, and for more probe rows than there are."""
    if settings.resolve not in EQUATIONS:
        if settings.conflict != "behaviour":
            ways = ", ".join(EQUATIONS)
            raise UserError(f"--conflict {settings.conflict} goes with --resolve {ways}: add one, or leave it out")
    elif settings.conflict != "embedding" and settings.probe_rows > settings.train_size:
        raise UserError(
            f"--probe-rows {settings.probe_rows} is more than --train-size {settings.train_size}: lower it, since the "
            "probe rows are training rows"
        )
