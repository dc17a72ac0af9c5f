"""Commands in processes of their own against a stub server, to be killed at some moment."""

import importlib
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dspy

from programs import command
from tests.stub_server import StubServer


def session(name: str, arguments: list[str], screen: Path | None = None, cache: Path | None = None) -> None:
    """A command without DSPy's cache, which would hide a call that is made twice, or with one in the folder `cache`.
    What it says goes to `screen`."""
    target = os.open(screen or os.devnull, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(target, stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place = {} if cache is None else {"disk_cache_dir": str(cache)}
    dspy.configure_cache(enable_disk_cache=cache is not None, enable_memory_cache=False, **place)
    sys.argv = [f"{name}.py", *arguments]
    command.run(importlib.import_module(f"programs.{name}").main)


def forkserver() -> Any:
    """Processes that start at once: they are forked from one that has everything ready (`tests.preloaded`) and has no
    threads. Python starts it once and never lets it import more, so there is one list for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded", "tests.processes"])
    return context


def begun(context: Any, name: str, server: StubServer, *flags: object, screen: Path | None = None) -> BaseProcess:
    """The command, started against the server."""
    arguments = [*map(str, flags), "--api-base", server.url]
    process: BaseProcess = context.Process(target=session, args=(name, arguments, screen))
    process.start()
    return process


def ended(process: BaseProcess) -> int | None:
    process.join(timeout=60)
    return process.exitcode


def struck(process: BaseProcess, server: StubServer, at: int, number: int = signal.SIGKILL) -> int | None:
    """Sends a signal when the server has seen so many requests, or a little later. Returns the exit code."""
    deadline = time.monotonic() + 60
    while len(server.bodies) < at and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.0005)
    if process.is_alive():
        os.kill(process.pid or 0, number)
    return ended(process)
