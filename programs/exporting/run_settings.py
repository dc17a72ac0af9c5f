"""Of what LM, and with which parameters, a judge was asked in its run."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from programs.backends.names import LOCAL, language_model
from programs.errors import UserError
from programs.records.folder import read_json
from programs.settings import Settings
from programs.stored import resumed


def settings_of(judge: Path, flags: Mapping[str, Any]) -> Settings:
    """The settings of the run that a judge lies in, the defaults for a judge by itself; `lm` and `api_base` over them.

    Raises UserError for a damaged config.json, and for an LM or server that cannot be one.
    """
    config = (judge if judge.is_dir() else judge.parent) / "config.json"
    try:
        settings = resumed(read_json(config)["settings"] if config.is_file() else {}, {})
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{config} is damaged ({error}): restore it, or export its judge.json from elsewhere") from None
    lm, server = flags.get("lm"), flags.get("api_base")
    if server is not None:
        language_model(lm or "openai/any", api_base=server)  # says what is wrong with the address
    if lm is not None:
        if not lm.strip():
            raise UserError("--lm is empty: name an LM such as openai/gpt-4o-mini, or leave the flag out")
        return replace(settings, judge_lm=lm.strip(), judge_api_base=server, api_base=None)
    return replace(settings, judge_api_base=server) if server is not None else settings


def model_of(settings: Settings) -> str:
    """What an OpenAI-compatible server calls the judge's LM; empty where it is none of such a server."""
    name = settings.judge_lm or settings.lm
    if name == LOCAL or name.startswith(f"{LOCAL}:"):
        return ""
    served = settings.judge_api_base or settings.api_base
    provider, _, model = name.partition("/")
    return model if provider == "openai" and model else name if served else ""
