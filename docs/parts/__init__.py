"""What the generated parts of the README and of docs/ say, a module a kind of source."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
