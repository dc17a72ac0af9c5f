"""Where the parts find what they are written from."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def read(path: Path) -> Any:
    """A JSON file of a run's folder or of kept results."""
    return json.loads(path.read_text(encoding="utf-8"))
