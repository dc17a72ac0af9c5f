"""The simulated LM: an engine that knows nothing of a request but its words, as a real one."""

import dspy

from tests.fake import Asked, FakeEngine
from tests.world import critic_lm, judge_lm
from tests.world.world import World

ANSWERS = {
    "judge": judge_lm.reply,
    "loss": critic_lm.loss,
    "gradient": critic_lm.gradient,
    "rewrite": critic_lm.rewrite,
    "condense": critic_lm.condensed,
    "edits": critic_lm.edits,
    "merged": critic_lm.merged,
    "rater": critic_lm.rating,
    "paraphrase": critic_lm.paraphrase,
    "proposal": critic_lm.proposal,
}


class WorldEngine(FakeEngine):
    """Answers every stage as the world has it. What was asked is kept only on wish: trials are long."""

    def __init__(self, world: World, *, remember: bool = False) -> None:
        super().__init__(reply=self._answer, logprobs=lambda asked: judge_lm.tokens(world, asked))
        self.world = world
        self.remember = remember

    def _answer(self, asked: Asked) -> str:
        if not self.remember:
            self.asked.clear()
        return ANSWERS[_stage(asked)](self.world, asked)


def _stage(asked: Asked) -> str:
    if "You turn feedback" in asked.system:
        return "edits"
    if "You merge feedback" in asked.system:
        return "merged"
    if asked.stage != "rewrite":
        return asked.stage
    if "in other words" in asked.system:
        return "paraphrase"
    return "rewrite" if "You rewrite the rubric" in asked.system else "proposal"


def world_lm(world: World) -> dspy.LM:
    """A `dspy.LM` of the world."""
    return dspy.LM("simulated/world", engine=WorldEngine(world), cache=False)
