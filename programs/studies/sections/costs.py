"""What the study asked and paid for, by role."""

from programs.reports.parts import Fold, Part, Section
from programs.studies import table_costs
from programs.studies.comparison import Comparison
from programs.studies.sections.drawing import bars


def section(task: Comparison) -> Section:
    absent = [run.cell.id for run in task.results if not run.costs]
    missing: list[Part] = [f"Not counted, since no cost.json is here: {', '.join(absent)}."] if absent else []
    costs = [table_costs.summed([run.costs for run in one.results]) for one in task.configurations]
    roles = list(dict.fromkeys(role for each in costs for role in each))
    tokens = {role: [_tokens(each.get(role, {})) for each in costs] for role in roles}
    caption = "Prompt and reply tokens of the distinct requests that each configuration needed, over its seeds."
    drawn: list[Part] = [bars(task, "costs", "Tokens asked, by role", caption, tokens, "tokens")] if roles else []
    return Section(
        "Calls and tokens",
        [
            "Asked are the distinct requests that the cells needed, sent those that no other cell had paid for; "
            "failed requests are in neither.",
            *drawn,
            table_costs.in_all(task.configurations),
            Fold("By configuration", [table_costs.by_role(task.configurations)]),
            *missing,
        ],
    )


def _tokens(counts: dict[str, int]) -> int:
    return sum(counts.get(f"asked_{name}", 0) for name in ("prompt_tokens", "completion_tokens"))
