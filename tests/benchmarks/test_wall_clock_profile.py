"""The profile counts the threads that make calls, each sample at the first place that its stack passes through."""

from tests.benchmarks.wall_clock_profile import shares

STACKS = """thread (1): MainThread;main (programs/optimize.py:9) 70
thread (2): ThreadPoolExecutor-0_0;_worker (concurrent/futures/thread.py:81) 2
thread (2): ThreadPoolExecutor-0_0;_worker (concurrent/futures/thread.py:83);send (programs/backends/sender.py:39);\
_read (dspy/_vendor/lm15/transports/_sync.py:517) 5
thread (3): ThreadPoolExecutor-0_1;_worker (concurrent/futures/thread.py:83);send (programs/backends/sender.py:45);\
set (diskcache/core.py:796) 3
"""


def test_each_sample_of_a_calling_thread_counts_once_at_its_first_place() -> None:
    found = shares(STACKS)
    expected = {"waits for the server's reply": 0.5, "writes replies into DSPy's cache": 0.3, "waits for work": 0.2}
    assert found == expected
    assert list(found) == list(expected)
