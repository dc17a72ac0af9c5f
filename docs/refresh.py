"""Writes a generated part of the README or of a page of docs/ from a finished run.

python -m docs.refresh default-run RUN_FOLDER      what a run shows, and its picture
python -m docs.refresh initial-judge RUN_FOLDER    the initial judge's agreement on `sample`, from a run of 0 steps
python -m docs.refresh readout RUN_FOLDER          digits against expectations, from a run of 0 steps
python -m docs.refresh study RESULTS_FOLDER        what a study found, from what report.py --results keeps
python -m docs.refresh headline RESULTS_FOLDER     the same in a few lines
python -m docs.refresh ablation RESULTS_FOLDER     what each arm of a study is worth and costs, as far as it has come
python -m docs.refresh remedies RESULTS_FOLDER     the same of the study of one step of each remedy
python -m docs.refresh confirmation RESULTS_FOLDER what the sealed rows said of a study's best arm
python -m docs.refresh speed docs/measured         what the benchmarks measured, beside their targets
python -m docs.refresh reliability docs/measured   the same of the harnesses of tests/reliability
python -m docs.refresh cost docs/measured          the formulas of a run's calls beside counted ones
python -m docs.refresh peers docs/measured         what the optimizers spend their calls on
"""

import re
import sys
from pathlib import Path

from docs.parts import ROOT, measured, runs, studies

PARTS = {
    "default-run": runs.default_run,
    "initial-judge": runs.initial_judge,
    "readout": runs.readout,
    "study": studies.study,
    "headline": studies.headline,
    "ablation": studies.ablation,
    "remedies": studies.remedies,
    "confirmation": studies.confirmation,
    "speed": measured.speed,
    "reliability": measured.reliability,
    "cost": measured.cost,
    "peers": measured.peers,
}
PAGES = dict.fromkeys(("headline", "ablation", "confirmation", "reliability", "peers"), ROOT / "README.md")
PAGES |= dict.fromkeys(("speed", "cost"), ROOT / "docs" / "cost.md")
"""Where a part stands; the others are in docs/results.md."""


def main(part: str, folder: Path) -> None:
    marks = re.compile(rf"(<!-- generated: {part} -->\n).*?(<!-- end of generated -->)", flags=re.DOTALL)
    text, page = PARTS[part](folder), PAGES.get(part, ROOT / "docs" / "results.md")
    page.write_text(marks.sub(lambda found: found[1] + text + found[2], page.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
