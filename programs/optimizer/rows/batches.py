"""`--batch`: which training rows a step sees, and what it costs to choose them."""

from collections.abc import Callable, Mapping

from programs.optimizer.estimate import Plan
from programs.optimizer.plugs import Batches, random_batches
from programs.optimizer.rows.hard import hard_batches
from programs.settings import Settings

BATCHES: Mapping[str, Callable[[Settings], Batches]] = {
    "random": lambda settings: random_batches,
    "hard": lambda settings: hard_batches(settings.batch_pool),
}


def batches_of(settings: Settings) -> Batches:
    """What draws a step's rows under these settings."""
    return BATCHES[settings.batch](settings)


def batching_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The rows that hard batches are drawn from, scored anew for every step that starts from another judge."""
    rows = min(max(settings.batch_pool, settings.batch_size), plan.train_rows)
    return {"judge": plan.heads * plan.steps * rows} if settings.batch == "hard" else {}
