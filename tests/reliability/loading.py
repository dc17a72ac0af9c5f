"""What a process does while it loads judges: python -m tests.reliability.loading GOOD.json HOSTILE.json ...

Loads GOOD once, so that all imports are done, and then every file under an audit hook. Prints one JSON line a file: how
it ended, and every event by which code, a file, a process or a connection could be reached. The hook cannot be taken
away again, hence the process.
"""

import json
import sys
from typing import Any

REACHING = (
    "open", "exec", "compile", "import", "socket.", "subprocess.", "os.", "pickle.", "shutil.", "ctypes.", "tempfile.",
    "urllib.", "http.", "glob.", "pty.", "marshal.", "webbrowser.",
)  # fmt: skip

found: list[list[str]] = []
watching = False


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    if watching and event.startswith(REACHING):
        found.append([event, str(arguments[0])[:200] if arguments else ""])


def main(good: str, *files: str) -> None:
    from programs.errors import UserError
    from programs.optimizer.saved import load_judge

    global watching
    load_judge(good)
    sys.addaudithook(hear)
    for file in files:
        found.clear()
        watching = True
        try:
            load_judge(file)
            ending = "loaded"
        except UserError as error:
            ending = str(error)
        finally:
            watching = False
        print(json.dumps({"file": file, "ending": ending, "events": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
