"""What may be tried against collisions: a new remedy is one more line here, and appears in the harness's figures."""

from collections.abc import Mapping

REMEDIES: Mapping[str, Mapping[str, object]] = {
    "conflict in behaviour, PCGrad (--resolve pcgrad)": {"resolve": "pcgrad"},
    "its control (--resolve pcgrad --conflict random)": {"resolve": "pcgrad", "conflict": "random"},
    "merged by an LM (--resolve merge)": {"resolve": "merge"},
    "expectations instead of digits (--readout expected)": {"readout": "expected"},
    "a field for each criterion in joint gradients (--notes per-field)": {"notes": "per-field"},
    "joint gradients rerouted where blunt (--resolve router --router-by specificity)": {
        "resolve": "router",
        "router_by": "specificity",
    },
    "rubrics of a common length (--constrain length)": {"constrain": "length"},
    "its placebo (--constrain length-placebo)": {"constrain": "length-placebo"},
    "the race (--race on)": {"race": "on"},
    "the gate by criterion (--gate-by criterion)": {"gate_by": "criterion"},
    "merging (--merge greedy)": {"merge": "greedy"},
    "the mean over rotations (--order rotate)": {"order": "rotate"},
    "the best order (--order search)": {"order": "search"},
    "one criterion a step (--schedule coordinate)": {"schedule": "coordinate"},
    "hard batches (--batch hard)": {"batch": "hard"},
    "calibrated scores (--calibrate isotonic)": {"calibrate": "isotonic"},
    "calibrated to whole levels (--calibrate cutpoints)": {"calibrate": "cutpoints"},
    "calibrated scores at the paper's gate": {"calibrate": "isotonic", "gate": "mae", "accept": "not_worse"},
}
"""Settings that add to the default run of a mode."""

WITHOUT: Mapping[str, Mapping[str, object]] = {
    "no gate and the last judge (--gate none --keep last)": {"gate": "none", "keep": "last"},
    "no gate and the best judge (--gate none)": {"gate": "none"},
    "the paper's gate (--gate mae --accept not_worse --reserve 0)": {
        "gate": "mae",
        "accept": "not_worse",
        "reserve": 0.0,
    },
    "not worse is enough (--accept not_worse)": {"accept": "not_worse"},
    "no guards (--guard off)": {"guard": "off"},
}
"""Settings that take something away from the default run: what is lost is what it was worth."""

RIVALS: Mapping[str, Mapping[str, object]] = {
    "GEPA with the same calls": {"optimizer": "gepa"},
    "shuffled ratings": {"control": "shuffled"},
    "shuffled ratings, no gate": {"control": "shuffled", "gate": "none", "keep": "last"},
    "paraphrases": {"control": "paraphrase"},
    "the ensemble with the same calls": {"control": "ensemble"},
}
"""Peers and controls."""
