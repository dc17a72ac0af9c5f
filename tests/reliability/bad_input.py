"""Counts the cases of bad input, and how many of them end as they must.

python -m tests.reliability.bad_input
"""

import re
import subprocess
import sys

from tests.bad_inputs.test_bad_inputs import CASES
from tests.bad_inputs.test_good_inputs import GOOD
from tests.measured import Figure, keep

TESTS = "tests/bad_inputs"


def main() -> int:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS, *sys.argv[1:]]
    printed = subprocess.run(words, capture_output=True, text=True).stdout
    failed = sorted(set(re.findall(r"^FAILED \S+::(\S+\[.*\])", printed, flags=re.MULTILINE)))
    passed = int((re.search(r"(\d+) passed", printed) or [0, 0])[1])
    bad = [name for name in failed if "exit_2" in name]
    commands = len({case.command.split()[0] for case in CASES.values()})
    held = len(CASES) - len(bad) if passed else 0
    fine, odd = len(GOOD) + 2, len(failed) - len(bad)
    what = "cases of bad input that end with exit code 2, one line with place and remedy, and nothing changed"
    right = "odd input that is fine and is read rightly (marks, line ends, emoji, right-to-left)"
    figures = [
        Figure(what, f"{held} of {len(CASES)}, {commands} commands", "all, at least 80", held == len(CASES) >= 80),
        Figure(right, f"{fine - odd if passed else 0} of {fine}", "all", not odd and passed > 0),
    ]
    return keep("bad-input", "reliability", 4, "python -m tests.reliability.bad_input", figures)


if __name__ == "__main__":
    raise SystemExit(main())
