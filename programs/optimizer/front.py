"""The judges of a run that no other beats on every criterion: `judges/NAME.json`, for who wants another trade-off."""

from collections.abc import Mapping
from typing import Any

from metrics.metric import METRICS
from programs.optimizer.judge import Judge
from programs.optimizer.judged import Judged
from programs.optimizer.keep import values_of
from programs.optimizer.outcome import Outcome
from programs.optimizer.saved import save_judge
from programs.records.folder import RunFolder, make_folder
from programs.settings import Settings


def save_judges(outcome: Outcome, settings: Settings, metric: str, folder: RunFolder) -> None:
    """Writes the kept judge, and with `--merge` the others; what an earlier session has left of these goes."""
    save_judge(outcome.judge, folder.judge)
    for stale in folder.judges.glob("*.json"):
        stale.unlink()
    found = front(outcome.measured, metric) if settings.merge != "none" else {}
    if found:
        make_folder(folder.judges)
    for name, judge in found.items():
        save_judge(judge, folder.judges / f"{name}.json")


def front_summary(outcome: Outcome, settings: Settings, metric: str, folder: RunFolder) -> dict[str, Any]:
    """The others' files and their values on the gate's validation rows, which chose them and so flatter them."""
    if settings.merge == "none":
        return {}
    found = {name: outcome.measured[name] for name in front(outcome.measured, metric)}
    return {
        "judges": [
            {
                "judge": f"{folder.judges.name}/{name}.json",
                "validation": values_of(each.scores(), metric, each.judge.task.criterion_names),
                "rows": len(each.judgements),
            }
            for name, each in found.items()
        ]
    }


def front(measured: Mapping[str, Judged], metric: str) -> dict[str, Judge]:
    """Those of the judges that no other is at least as good as on all criteria and better than on one.

    Of judges with the same values the first; one with an undefined value is none of them.
    """
    from metrics.hypervolume import non_dominated  # moocore is imported only by who merges

    sign = METRICS[metric].orientation
    vectors = [
        [None if value is None else sign * value for value in values_of(each.scores(), metric, names).values()]
        for each in measured.values()
        for names in [each.judge.task.criterion_names]
    ]
    return {
        name: each.judge for (name, each), best in zip(measured.items(), non_dominated(vectors), strict=True) if best
    }
