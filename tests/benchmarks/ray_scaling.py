"""A study of 60 cells on a Ray cluster of one worker and of four, against a stub server that answers after 100 ms.

    python -m tests.benchmarks.ray_scaling FOLDER [SEEDS]

Five modes, gates none and mae, SEEDS (6) seeds, the bundled sample, `--reuse off` so that no cell waits for another. A
worker holds one cell at a time, with two LM calls in flight. Seconds are those of the whole command, with its start and
its tables. Where the machine has fewer cores than four, this shows what latency allows and no more.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.benchmarks.counting_server import counting_process
from tests.benchmarks.full_size_study import finished
from tests.measured import Figure, keep

COMMAND = [sys.executable, str(Path(__file__).parents[2] / "programs" / "study.py")]
LOCAL_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""What binds Ray to 127.0.0.1 and sends nothing home; read when Ray is imported."""

THREADS, LATENCY, TARGET, CELLS = 2, 0.1, 3.0, 60
STORE = 100 * 2**20
SIZES = ["--train-size", "8", "--val-size", "12", "--test-size", "12", "--steps", "1", "--batch-size", "2"]


def main(place: str, seeds: str = "6") -> int:
    os.environ.update(LOCAL_ONLY | {"OPENAI_API_KEY": "none"})
    chosen = ",".join(map(str, range(int(seeds))))
    lists = ["--modes", "Single,SSS,SSC,SCC,CCC", "--gates", "none,mae", "--seeds", chosen]
    found = {workers: measured(Path(place), lists, workers) for workers in (1, 4)}
    cells = 10 * int(seeds)
    ratio = found[1][0] / found[4][0]
    right = all(sent == planned for _, sent, planned in found.values())
    for workers, (seconds, sent, _) in found.items():
        print(f"{workers} workers: {seconds:.0f} s, {sum(sent.values()):,} requests")
    figures = [
        Figure(
            f"a study of {cells} cells on Ray, 4 workers beside 1 (replies after 100 ms)",
            f"{found[4][0]:.0f} s beside {found[1][0]:.0f} s: {ratio:.1f} times as fast",
            f"at least {TARGET:g}",
            ratio >= TARGET,
        ),
        Figure(
            "requests of both, beside the estimate",
            f"{sum(found[1][1].values()):,} and {sum(found[4][1].values()):,}",
            "as estimated",
            right,
        ),
    ]
    if cells == CELLS:
        return keep("ray-scaling", "speed", 7, "python -m tests.benchmarks.ray_scaling FOLDER", figures)
    print(*figures, sep="\n")
    return 0 if all(each.holds for each in figures) else 1


def measured(folder: Path, lists: list[str], workers: int) -> tuple[float, Counter[str], Counter[str]]:
    """Seconds of the study on a cluster of so many workers, and its requests as served and as planned, by role."""
    from ray.cluster_utils import Cluster

    options = {"node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **options})
    try:
        for _ in range(workers):
            cluster.add_node(num_cpus=THREADS, **options)
        cluster.wait_for_nodes()
        with counting_process(LATENCY) as server:
            runs = folder / str(workers)
            flags = [
                *lists,
                *SIZES,
                "--reuse",
                "off",
                "--threads",
                str(THREADS),
                "--run",
                "one",
                "--runs-dir",
                str(runs),
            ]
            lm = [
                "--lm",
                "stub",
                "--api-base",
                server.url,
                "--engine",
                "ray",
                "--ray-address",
                cluster.address,
                "--yes",
            ]
            begun = time.monotonic()
            code = subprocess.run([*COMMAND, *flags, *lm], stdout=subprocess.DEVNULL).returncode
            seconds, served = time.monotonic() - begun, server.seen().counts
    finally:
        cluster.shutdown()
    planned, whole = finished(runs / "one")
    if code or not whole:
        sys.exit(f"study.py ended with {code}, its cells are {'all' if whole else 'not all'} there")
    return seconds, Counter({role: count for role, count in served.items() if count}), planned


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
