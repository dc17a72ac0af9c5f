"""What other runs have paid for, looked up by the key of the request: replies stay on the disk until one is wanted."""

import json
from pathlib import Path

from programs.records.lines import Answer, parse_line


class SharedAnswers:
    """The answers in the call logs that were added. A line that is cut off is left out."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[Path, int]] = {}

    def add(self, path: Path) -> None:
        """Indexes a run's calls.jsonl; what is known already stays where it was found first."""
        if not path.is_file():
            return
        with path.open("rb") as lines:
            start = 0
            for line in lines:
                if line.endswith(b"\n") and (key := _key(line)) is not None:
                    self._places.setdefault(key, (path, start))
                start += len(line)

    def __call__(self, key: str) -> Answer | None:
        """The answer to the request of that key, or None."""
        if key not in self._places:
            return None
        path, start = self._places[key]
        try:
            with path.open("rb") as file:
                file.seek(start)
                record = parse_line(file.readline())
        except OSError:  # removed since: it is asked again
            return None
        if record is None or record["key"] != key:
            return None
        return Answer(record["reply"], record["usage"], record["sent"])


def _key(line: bytes) -> str | None:
    try:
        key = json.loads(line)["key"]
    except (ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, str) else None
