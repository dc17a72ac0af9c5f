"""What a judge asks about a row, by which judges that ask alike are planned and timed once."""

import hashlib
import json

from programs.optimizer.controls.ensemble import Ensemble
from programs.optimizer.judge import Judge
from programs.settings import Settings


def requests(judge: Judge, settings: Settings) -> frozenset[str]:
    """A mark of each request: equal for two judges whose LM is asked the same, whatever becomes of the reply."""
    lm = [settings.lm, settings.judge_lm, settings.judge_temperature]
    how = [judge.adapter, judge.schema, judge.reads_tokens, judge.task.input_names, *lm]
    draws = judge.size if isinstance(judge, Ensemble) else 1
    turns = [turn for head in range(len(judge.heads)) for turn in judge.turns(head)]
    prompts = [json.dumps([turn.dump_state(), how], sort_keys=True) for turn in turns]
    return frozenset(
        hashlib.sha256(f"{draw} {prompt}".encode()).hexdigest() for prompt in prompts for draw in range(draws)
    )
