"""Keys that must appear nowhere: python -m tests.reliability.canaries

Keys are planted in the environment, in addresses and in the URI of MLflow. Every command is run against a server on
127.0.0.1 that answers, or fails and repeats address and headers of the request in its error. Then every file written,
and everything printed, is searched for the keys: as they are, quoted for a URL, and in base64 at any offset.
SHOW=1 in the environment prints what the commands printed.
"""

import os
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from tests.measured import Figure, keep
from tests.reliability.canary_trials import CANARIES, Trial, invoked, trials
from tests.reliability.echo_server import EchoServer, echo_server

Invoke = Callable[[Trial, Path], tuple[int, str]]


def forms(key: str) -> set[str]:
    """The key as it is, quoted, and the part of its base64 that does not depend on what stands around it."""
    quoted = {key, quote(key, safe=""), quote(key), key.replace("/", "\\/")}
    coded = (b64encode(b"\0" * offset + key.encode()).decode() for offset in range(3))
    inner = {each[4:-4] for each in coded}
    return quoted | inner | {each.replace("+", "-").replace("/", "_") for each in inner}


def leaks(folder: Path, printed: Mapping[str, str]) -> list[str]:
    """Where which key was found."""
    places = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    places |= {where: text.encode() for where, text in printed.items()}
    return [
        f"{name}: {where}"
        for where, content in places.items()
        for name, key in CANARIES.items()
        if any(form.encode() in content or form in where for form in forms(key))
    ]


def held(texts: Iterable[str]) -> set[str]:
    """The names of the keys that stand in the texts, in any form."""
    whole = "\n".join(texts)
    return {name for name, key in CANARIES.items() if any(form in whole for form in forms(key))}


def tried(
    folder: Path, server: EchoServer, invoke: Callable[[Trial, Path], tuple[int, str]], wanted: Sequence[Trial]
) -> dict[str, str]:
    """What each trial printed, by its number, command and exit code."""
    printed = {}
    for number, trial in enumerate(wanted, start=1):
        server.mode = trial.mode
        code, text = invoke(trial, folder)
        printed[f"output of {number} {trial.command} ({trial.mode}): exit code {code}"] = text
        print(f"{number}/{len(wanted)} {trial.command}, server {trial.mode}: exit code {code}", file=sys.stderr)
    return printed


def main() -> int:
    """Tries everything and keeps what came of it."""
    with tempfile.TemporaryDirectory() as place, echo_server() as server:
        folder = Path(place)
        wanted = trials(folder, server)
        printed = tried(folder, server, invoked, wanted)
        found = leaks(folder, printed)
        files = sum(path.is_file() for path in folder.rglob("*"))
        for line in found:
            print(f"LEAK {line}")
        for where, text in printed.items():
            if os.environ.get("SHOW"):
                print(f"--- {where}\n{text}")
    traced = sum("Traceback" in text for where, text in printed.items() if " crash " not in where)
    heard = len(held(server.told))
    what = f"{len(found)}, in {files} files and the output of {len(wanted)} commands"
    return keep("secrets", "reliability", 6, "python -m tests.reliability.canaries", [
        Figure("keys planted that are found in files or output", what, "0", not found),
        Figure("keys that the server got, so that it could repeat them", str(heard), "at least 2", heard >= 2),
        Figure("tracebacks of commands that failed", str(traced), "1, which was asked for", traced == 1),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
