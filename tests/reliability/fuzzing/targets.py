"""All targets by name. Imported as late as possible: with atheris, after it has begun to watch imports."""

from tests.reliability.fuzzing import replies, saved, tables

TARGETS = {**tables.TARGETS, **replies.TARGETS, **saved.TARGETS}
