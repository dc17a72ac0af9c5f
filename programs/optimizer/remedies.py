"""The functions in the loop's places that the settings choose: a line a switch."""

from programs.optimizer.guards import GUARDS
from programs.optimizer.plugs import MakeStages, Plugs
from programs.optimizer.stages import Stages
from programs.settings import Settings


def plugs_of(settings: Settings, stages: MakeStages = Stages.of) -> Plugs:
    """What the settings put in the place of the paper's."""
    return Plugs(
        guard=GUARDS[settings.guard],
        stages=stages,
    )
