"""The functions in the loop's places that the settings choose, and the calls that they may add: a line a switch."""

from collections import Counter
from collections.abc import Callable

from programs.optimizer.calibrating import calibrating, calibrating_calls
from programs.optimizer.constraining import CONSTRAINTS, constraining_calls
from programs.optimizer.estimate import Plan
from programs.optimizer.gate_by import GATE_BY, dividing_calls
from programs.optimizer.guards import GUARDS
from programs.optimizer.merge import merge_of, merging_calls
from programs.optimizer.order_search import OrderSearch, ordering_calls, tries
from programs.optimizer.pairing import pairing_calls
from programs.optimizer.per_field import NOTES
from programs.optimizer.plugs import MakeStages, Plugs
from programs.optimizer.resolving import resolve_of, resolving_calls
from programs.optimizer.rows.batches import batches_of, batching_calls
from programs.optimizer.rows.pairs import LOSSES
from programs.optimizer.schedule import SCHEDULES
from programs.optimizer.stages import Stages
from programs.settings import Settings

ADDED: tuple[Callable[[Settings, Plan], dict[str, int]], ...] = (
    pairing_calls,
    ordering_calls,
    merging_calls,
    dividing_calls,
    batching_calls,
    resolving_calls,
    constraining_calls,
    calibrating_calls,
)
"""What each remedy may ask beside the paper's calls, at most, by role; nothing where it is off."""


def plugs_of(settings: Settings, stages: MakeStages = Stages.of) -> Plugs:
    """What the settings put in the place of the paper's."""
    plugs = Plugs(
        schedule=SCHEDULES[settings.schedule],
        batches=batches_of(settings),
        resolve=resolve_of(settings),
        constrain=CONSTRAINTS[settings.constrain](settings),
        consider=GATE_BY[settings.gate_by],
        merge=merge_of(settings),
        reorder=OrderSearch(tries(settings)),
        guard=GUARDS[settings.guard],
        stages=stages,
        calibrate=calibrating(settings.calibrate, settings.calibrate_rows),
    )
    return NOTES[settings.notes](LOSSES[settings.loss](plugs)) if settings.critical else plugs


def calls_with_remedies(settings: Settings, plan: Plan) -> dict[str, int]:
    """The plan's calls and the most that the settings' remedies add to them, by role."""
    calls = Counter(plan.calls())
    for added in ADDED:
        calls.update(added(settings, plan))
    return dict(calls)
