"""Which LM plays which role: judge, loss, gradient, rewrite, rater."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

import dspy

from programs.backends.metering import metered
from programs.backends.server import Servers
from programs.errors import UserError
from programs.records.budget import Budget
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.settings import ASSISTANTS

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TEMPERATURES = {"judge": 0.1, "loss": 0.3, "gradient": 0.3, "rewrite": 0.7, "condense": 0.0, "embed": 0.0, "rater": 0.0}
"""The paper's temperatures by role; it has none that condenses or embeds."""


@dataclass(frozen=True)
class Roles:
    """One metered LM per role. Built once a run, so that connections and prefix caches live as long as it."""

    lms: Mapping[str, dspy.LM]
    calls: CallLog = field(default_factory=CallLog)

    @classmethod
    def of(
        cls,
        lms: Mapping[str, dspy.LM | None],
        *,
        calls: CallLog | None = None,
        seed: int = 0,
        temperatures: Mapping[str, float] | None = None,
        max_tokens: Mapping[str, int] | None = None,
        budget: Budget | None = None,
    ) -> "Roles":
        """The given LM per role; a role without one uses that of the role that it assists, or `dspy.settings.lm`. No
        LM that writes can embed, so that role is there only where it is given one.

        Raises UserError where that is none.
        """
        calls, budget, servers = calls or CallLog(), budget or Budget(), Servers()
        heat = {**TEMPERATURES, **(temperatures or {})}
        caps = max_tokens or {}
        chosen = {
            role: lms.get(role) or lms.get(ASSISTANTS.get(role, "")) or dspy.settings.lm
            for role in ROLES
            if role != "embed" or lms.get(role)
        }
        if missing := [role for role, lm in chosen.items() if lm is None and role not in ASSISTANTS]:
            raise UserError(f"no LM for {', '.join(missing)}: dspy.configure(lm=...) or give one per role")
        return cls(
            {
                role: metered(
                    lm,
                    role,
                    calls,
                    temperature=heat[role],
                    seed=seed,
                    max_tokens=caps.get(role),
                    budget=budget,
                    server=servers.of(lm),
                )
                for role, lm in chosen.items()
            },
            calls,
        )

    @contextmanager
    def playing(self, role: str) -> Iterator[None]:
        """A context in which `dspy.Predict` speaks to the LM of `role`; no trace or history is kept, as both grow."""
        with dspy.context(lm=self.lms[role], trace=None, disable_history=True):
            yield

    def refuse_trouble(self, role: str) -> None:
        """Raises the failure of the last calls of a role where none was answered after them: to be called when they
        end, since it cannot be told then whether a server fails one text or has gone."""
        if (trouble := self.in_trouble(role)) is not None:
            raise trouble

    def in_trouble(self, role: str) -> Exception | None:
        """The failure of the last call of a role that was given up; None once any is answered."""
        trouble: Exception | None = self.lms[role].engine.line.trouble
        return trouble

    def cast(self, role: str, function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        """`function` as that role plays it: always called under `playing(role)`."""

        @wraps(function)
        def played(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            with self.playing(role):
                return function(*args, **kwargs)

        return played
