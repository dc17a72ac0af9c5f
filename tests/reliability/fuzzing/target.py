"""A target of the fuzzer, and how bytes and JSON are damaged."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from programs.errors import UserError

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Target:
    """`check` raises for whatever must not happen with an input that `inputs` makes."""

    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.text(characters, max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(["", "spearman", "../x", "1-5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
"""Any value of JSON, and NaN and infinities, which Python's reader takes too."""


@st.composite
def damaged_bytes(draw: Draw, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of which one to four stretches are cut out, put in, doubled or changed."""
    content = draw(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 20)))
        inside = draw(
            st.sampled_from(["", "twice"])
            | st.binary(max_size=4)
            | st.sampled_from([b'"', b",", b"{", b"\n", b"\r", b"\0"])
        )
        middle = content[start:end] * 2 if inside == "twice" else inside or b""
        content = content[:start] + middle + content[end:]
    return content


@st.composite
def damaged_json(draw: Draw, whole: Any) -> Any:
    """Parsed JSON of which one to three values are replaced, left out, or taken from elsewhere in it."""
    content = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(content))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        deed = draw(st.sampled_from(["replace", "drop", "swap", "add"]))
        other_holder, other = draw(st.sampled_from(places))
        if deed == "drop":
            del holder[key]
        elif deed == "add" and isinstance(holder, dict):
            holder[draw(texts)] = draw(anything)
        else:
            holder[key] = draw(anything) if deed != "swap" else json.loads(json.dumps(other_holder[other]))
    return content


def _places(content: Any) -> Any:
    """Every holder and key in it, the outermost first."""
    keys = list(content) if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield content, key
    for key in keys:
        yield from _places(content[key])


def refused(path: Path, action: Callable[[], Any]) -> Any:
    """What the action gives; None where it refuses the file with one line that names it. All else is a failure."""
    try:
        return action()
    except UserError as error:
        line = str(error)
        assert "\n" not in line, f"more than one line: {line!r}"
        assert path.name in line or str(path.parent) in line, f"does not name {path.name}: {line!r}"
    return None
