"""How many LM calls a run can take at most, by role, before the first is made."""

from dataclasses import dataclass

from programs.optimizer.keep import most_finalists
from programs.optimizer.modes import Mode, groups
from signatures.records import Group


@dataclass(frozen=True)
class Plan:
    """What a run will do, in numbers.

    Calls of the judge a row (`heads`), steps, rows a step and rows of each set (gate, reserved, test, training).
    `rater_calls` is the most that the diagnostics of `--rate-every` can take. `focus` are as many criteria as a step is
    about (all, if none), and `batch_heads` the judge's calls a row of its batch (`heads`, if none).
    """

    mode: Mode
    criteria: Group
    heads: int
    steps: int
    batch_size: int
    gate_rows: int
    reserved_rows: int
    test_rows: int
    eval_every: int
    rater_calls: int = 0
    focus: Group = ()
    batch_heads: int = 0
    train_rows: int = 0

    @property
    def test_scorings(self) -> int:
        """The start, every `eval_every`-th step, and the kept judge."""
        return 2 + (self.steps // self.eval_every if self.eval_every else 0)

    def calls(self) -> dict[str, int]:
        """An upper bound by role, and with `--reuse off` what is sent. K criteria, batch b: the three stages take
        Single, SSS 4b + 4b + 4 a step, SSC 4b + 4b + 1, SCC 4b + b + 1, CCC b + b + 1 for K = 4 (PAPER protocol).

        Else answers known already are reused and scorings that nothing depends on skipped. In any case a criterion
        left unscored takes its critiques with it.
        """
        focus = self.focus or self.criteria
        losses, gradients, rewrites = (
            len(groups(letter, focus)) for letter in (self.mode.loss, self.mode.gradient, self.mode.rewrite)
        )
        rows = self.steps * self.batch_size
        rater = {"rater": self.rater_calls} if self.rater_calls else {}
        validation = (self.steps + 1) * self.gate_rows + most_finalists(self.steps) * self.reserved_rows
        return {
            "judge": (self.batch_heads or self.heads) * rows
            + self.heads * (validation + self.test_scorings * self.test_rows),
            "loss": losses * rows,
            "gradient": gradients * rows,
            "rewrite": rewrites * self.steps,
            **rater,
        }
