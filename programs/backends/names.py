"""From an LM's name to a `dspy.LM`, or to one clear line that says why not. Nothing is sent from here."""

import os

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")  # else the table of models is fetched, with a time-out

import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dspy
from dspy._vendor.lm15.registry import PROVIDERS, lookup  # no public name in 3.4
from dspy.clients.backend_selection import select_backend

from programs.backends.local import LocalEngine
from programs.backends.weights import EMBEDDED, INSTALL, check_parts
from programs.errors import UserError, suggest

LOCAL = "local"
SYSTEM_ONE = "typesafe:"
"""Before the models of TypeSafe's System One, which answer questions and write no text. DSPy knows no `typesafe/`."""

_ADDRESS = re.compile(r"https?://[^\s/?#:]\S*")
EXAMPLES = "local, local:/path/model.gguf, openai/gpt-4o-mini, ollama_chat/llama3.2"


def language_model(
    name: str,
    *,
    api_base: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    num_retries: int = 3,
    cache: bool = True,
    seed: int | None = None,
    timeout: float | None = None,
) -> dspy.LM:
    """The LM of that name: `local` (the embedded model), `local:/path/model.gguf`, or any DSPy/LiteLLM name.

    With `api_base`, the model of that name on an OpenAI-compatible server; a name that starts with no known provider
    gets `openai/` put in front (for a served model called `openai/...` write `openai/openai/...`). LMs of one name and
    server share connections, or the loaded model. Reasoning models, which refuse a temperature, keep their settings.
    `timeout` is in seconds.

    Raises:
        UserError: an empty or unknown name, a missing key, package or model file.
    """
    name = re.sub(r"^typesafe/", SYSTEM_ONE, name.strip())
    base = _base(name, api_base, os.environ.get("OPENAI_API_KEY"))
    options: dict[str, Any] = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed}
    if "max_completion_tokens" in base.kwargs:  # how DSPy marks a reasoning model
        options = {"seed": seed}
    if isinstance(base.engine, str):  # the embedded model waits for itself
        options["timeout"] = timeout
    options = {option: value for option, value in options.items() if value is not None}
    return base.copy(num_retries=num_retries, cache=cache, **options)


def only_decides(lm: dspy.LM) -> bool:
    """Whether the LM answers questions and writes no text: those of System One."""
    route = select_backend(lm).resolution if isinstance(lm.engine, str) else None
    return route is not None and route.provider == "typesafe"


def writing_prose(lm: dspy.LM) -> dspy.LM:
    """The same LM for replies that are prose and hold no scores: a local one then does not repeat itself."""
    if not isinstance(lm.engine, LocalEngine):
        return lm
    return lm.copy(engine=LocalEngine(lm.engine.path, lm.engine.runtime, prose=True))


def prepare(lm: dspy.LM) -> None:
    """Loads a local LM's model now, so that what is missing is said before a run starts. Raises UserError."""
    if isinstance(lm.engine, LocalEngine):
        lm.engine.load()


@lru_cache(maxsize=64)
def _base(name: str, api_base: str | None, openai_key: str | None) -> dspy.LM:
    if not name:
        raise UserError(f"the LM's name is empty: give one such as {EXAMPLES}")
    if name == LOCAL or name.startswith(f"{LOCAL}:"):
        return _local(name, api_base)
    if name.endswith("/"):
        raise UserError(f"LM '{name}' names a provider but no model: give one such as {EXAMPLES}")
    return _served(name, api_base, openai_key) if api_base else _hosted(name)


def _local(name: str, api_base: str | None) -> dspy.LM:
    if api_base:
        raise UserError(f"LM '{name}' runs in this process and has no API base: name the model served at {api_base}")
    if find_spec("xllamacpp") is None:
        raise UserError(f"LM '{name}' needs xllamacpp, which is not installed: {INSTALL}")
    if name == LOCAL:
        check_parts()
        return dspy.LM(f"local/{Path(EMBEDDED.name).stem}", engine=LocalEngine())
    path = Path(name.removeprefix(f"{LOCAL}:")).expanduser()
    return dspy.LM(f"local/{path.stem}-{_fingerprint(path)}", engine=LocalEngine(path.resolve()))


def _fingerprint(path: Path) -> str:
    """Tells files of one name apart in caches and records, by their header and size."""
    try:
        with path.open("rb") as source:
            header = source.read(1 << 20)
            size = source.seek(0, os.SEEK_END)
    except OSError as error:
        raise UserError(f"cannot read the model file {path}: {error.strerror}; give local:/path/model.gguf") from error
    if header[:4] != b"GGUF":
        raise UserError(f"{path} is not a GGUF model file: llama.cpp reads only those; convert or download one")
    return hashlib.sha256(header + str(size).encode()).hexdigest()[:8]


def _served(name: str, api_base: str, openai_key: str | None) -> dspy.LM:
    if "@" in api_base or re.search(r"[?#]", api_base):  # it would be written down with the settings
        what = "user name or password" if "@" in api_base else "query"
        raise UserError(f"the API base holds a {what}: leave it out, and set the key as OPENAI_API_KEY")
    if not _ADDRESS.fullmatch(api_base):
        raise UserError(f"API base '{api_base}' is no URL: write it as http://HOST:PORT/v1")
    known = "/" in name or name.startswith(SYSTEM_ONE)
    route = select_backend(dspy.LM(name)).resolution if known else None
    if route is None:
        name = f"openai/{name}"
    key = _key_of(route.provider) if route and not name.startswith("openai/") else openai_key
    return dspy.LM(name, api_base=api_base.rstrip("/"), api_key=key or "none")


def _hosted(name: str) -> dspy.LM:
    lm = dspy.LM(name)
    route = select_backend(lm).resolution
    if route is None:
        _check_litellm(name)
    elif not _key_of(route.provider) and (variable := route.env_key) and not _gateway(name):
        raise UserError(f"LM '{name}' needs an API key: export {variable}=...")
    return lm


def _native_providers() -> set[str]:
    return {spelling for definition in PROVIDERS.values() for spelling in definition.spellings}


def _key_of(provider: str) -> str | None:
    definition = lookup(provider)
    found = (os.environ.get(variable) for variable in (definition.env_keys if definition else ()))
    return next((key for key in found if key), None)


def _gateway(name: str) -> bool:
    """DSPy sends a provider's calls through LiteLLM to the address in `PROVIDER_API_BASE`, which may need no key."""
    prefix = name.partition("/")[0].upper()
    return any(os.environ.get(f"{prefix}_{suffix}") for suffix in ("API_BASE", "BASE_URL"))


def _check_litellm(name: str) -> None:
    prefix, slash, _ = name.partition("/")
    if not slash:
        raise UserError(f"unknown LM '{name}': give PROVIDER/MODEL, such as {EXAMPLES}")
    import litellm  # seconds; only for names that DSPy's native client does not know

    providers = {str(getattr(provider, "value", provider)) for provider in litellm.provider_list}
    if prefix not in providers:
        known = providers | _native_providers() | {LOCAL}
        raise UserError(
            f"unknown provider '{prefix}' in LM '{name}'{suggest(prefix, known)}; --api-base for own servers"
        )
    missing = [key for key in litellm.validate_environment(name)["missing_keys"] if key.endswith("_API_KEY")]
    if missing:
        raise UserError(f"LM '{name}' needs an API key: export {missing[0]}=...")
