"""What tests in other libraries share."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def tidied() -> Iterator[None]:
    """Connections that a library left open end here, where warnings of them are ignored, not in a later test."""
    yield
    gc.collect()
