"""What peers and controls in a table are, in words: only of those that are there."""

from collections.abc import Iterator, Sequence

from programs.reports.parts import Part
from programs.reports.table import Table
from programs.studies.results import Configuration

PEERS = {
    "gepa": "GEPA's engine and DSPy's proposer over the rubrics, one component a criterion",
    "miprov2": "DSPy's MIPROv2 without demos on a program whose instructions are the rubrics: it changes nothing else",
    "copro": "DSPy's COPRO on the same program",
}
CONTROLS = {
    "shuffled": "the same with the training ratings permuted within each criterion (validation and test stay true)",
    "paraphrase": "the same gate and rewrites, told to say the same in other words, without a loss or gradient call",
    "ensemble": "the joint initial prompt, the mean of {k} calls a row: the search's calls spent on the test rows",
}


def explained(configurations: Sequence[Configuration]) -> Iterator[Part]:
    """A paragraph and a table where there is a peer or a control, nothing elsewhere."""
    others = [one for one in configurations if not one.plain and not one.results[0].cell.arm]
    if others:
        yield (
            "Peers and controls start from the joint initial prompt and get at most the LM calls of one "
            f"textual-gradient run ({_given(others)}). Peers choose by mean agreement (1 - |judge - human| / range) "
            "on the validation rows."
        )
        yield Table.of("Peers and controls", ("mode", "what it is"), [(one.mode, _words(one)) for one in others])


def _words(one: Configuration) -> str:
    cell = one.results[0].cell
    if cell.optimizer != "textgrad":
        return PEERS[cell.optimizer]
    sizes = sorted({run.summary["method"].get("calls_per_row", 0) for run in one.results})
    return CONTROLS[cell.control].format(k=" or ".join(map(str, sizes)))


def _given(others: Sequence[Configuration]) -> str:
    modes = dict.fromkeys((one.results[0].cell.mode, one.results[0].cell.gate) for one in others)
    return ", ".join(f"mode {mode}, gate {gate}" for mode, gate in modes)
