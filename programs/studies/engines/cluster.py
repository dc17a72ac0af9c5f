"""The connection to an existing Ray cluster, and the code that goes to its workers."""

import logging
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported

import ray

from programs.errors import UserError
from programs.failures import failure_line
from programs.studies.prepare import Ready

CODE = [str(Path(__file__).parents[3] / package) for package in ("signatures", "metrics", "programs")]


def check_cluster(address: str | None, waiting: Sequence[Ready]) -> None:
    """Connects to the cluster. Raises UserError where there is none, or no node is large enough for a cell."""
    if not waiting:
        return
    hears = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address or os.environ.get("RAY_ADDRESS", ""))
        ray.init(
            address=address or "auto",
            runtime_env={"py_modules": CODE},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        signal.signal(signal.SIGTERM, hears)  # Ray has taken it, to end the process without a word
    except (OSError, ValueError, RuntimeError) as error:
        where = address or os.environ.get("RAY_ADDRESS", "this machine")
        raise UserError(
            f"--engine ray: no Ray cluster at {where} ({failure_line(error)}): start one with `ray start --head`, or "
            "name one with --ray-address HOST:PORT"
        ) from None
    threads = waiting[0].settings.threads
    most = max(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])
    if most < threads:
        raise UserError(f"--engine ray: a cell takes --threads {threads} CPUs, the largest node has {most:g}: lower it")


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=5).close()
