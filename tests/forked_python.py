"""A `python` for a test's scripts that runs a file at once: as a fork of a process that has everything ready.

Each has the arguments, the folder, the environment and the streams that it was called with, and nothing of another one.

    python -m tests.forked_python ADDRESS      the process that is forked from; it ends with its standard input
"""

import json
import os
import runpy
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CALL = """#!{python} -IS
import json, os, socket, sys
if not os.path.isfile(sys.argv[1]):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as caller:
    caller.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
    socket.send_fds(caller, [len(call).to_bytes(4, "big")], [0, 1, 2])
    caller.sendall(call.encode())
    sys.exit(int.from_bytes(caller.recv(1) or b"\\xff", "big"))
"""


@contextmanager
def forked_python(root: Path) -> Iterator[Path]:
    """A folder for the PATH whose `python FILE ARGUMENTS` is such a fork, of a process begun in the folder `root`; with
    anything else in the place of the file, it is Python itself."""
    with tempfile.TemporaryDirectory(prefix="judgegrad-python-") as place:
        address, command = f"{place}/socket", Path(place, "bin", "python")
        command.parent.mkdir()
        command.write_text(CALL.format(python=sys.executable, address=address))
        command.chmod(0o755)
        words = [sys.executable, "-m", "tests.forked_python", address]
        with subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield command.parent
            process.stdin.close()


def serve(address: str) -> None:
    """Answers each call by a process of its own, until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            caller, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(caller)
                return
            caller.close()
            os.wait()  # a script's commands come one by one


def _answer(caller: socket.socket) -> None:
    """Runs the file in a fork, and tells the caller its exit code."""
    size, streams, *_ = socket.recv_fds(caller, 4, 3)
    with caller.makefile("rb") as sent:
        arguments, folder, environment = json.loads(sent.read(int.from_bytes(size, "big")))
    if process := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        caller.sendall(bytes([code % 256]))
        return
    caller.close()
    for own, given in enumerate(streams):
        os.dup2(given, own)
        os.close(given)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    import tests.preloaded  # noqa: F401 (what the forks find ready)

    serve(sys.argv[1])
