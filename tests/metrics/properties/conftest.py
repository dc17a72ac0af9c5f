"""Hypothesis as this suite runs it: the same examples every time, few of them, and nothing written to the disk."""

from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None, database=None, max_examples=20)
settings.load_profile("suite")
