"""What was measured on the gate's rows during a search, kept or not: the archive that merging draws from."""

from collections.abc import Collection
from dataclasses import dataclass, field

from metrics.scores import Scores
from programs.optimizer.gate import Verdict
from programs.optimizer.judged import Judged
from signatures.records import Rubric


@dataclass(frozen=True)
class Tried:
    """A head's proposed rubrics, and what the head said with them on the first of the gate's rows."""

    step: int
    rubric: Rubric
    scores: Scores


@dataclass
class Archived:
    """Every proposed head in the order of the steps, and by name the refused judges that judged all rows."""

    heads: list[Tried] = field(default_factory=list)
    judges: dict[str, Judged] = field(default_factory=dict)

    def add(self, step: int, proposal: Rubric, rewritten: Judged, verdicts: Collection[Verdict]) -> None:
        """The heads that the gate has decided on, by the rows that it took; `verdicts` are those of changed heads."""
        for verdict in verdicts:
            rubric = {name: proposal.get(name, text) for name, text in rewritten.judge.rubric_of(verdict.group).items()}
            scores = rewritten.scores(verdict.rows).columns(verdict.group)
            self.heads.append(Tried(step, rubric, scores))
        refused = verdicts and not any(verdict.kept for verdict in verdicts)
        if refused and not rewritten.rest and rewritten.judge.rubric.items() >= proposal.items():
            self.judges.setdefault(f"step-{step}-refused", rewritten)

    def add_whole(self, step: int, rewritten: Judged) -> None:
        """A judge with all of a step's proposal, of which the gate will decide on a part."""
        judge, scores = rewritten.judge, rewritten.scores()
        self.heads += [Tried(step, judge.rubric_of(group), scores.columns(group)) for group in judge.groups]
        self.judges[f"step-{step}-whole"] = rewritten
