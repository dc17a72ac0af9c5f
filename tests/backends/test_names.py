"""From a name to an LM, or to one line that says what to do."""

import sys
from pathlib import Path
from typing import Any

import pytest
from dspy.clients.backend_selection import select_backend

from programs.backends import names
from programs.backends.local import LocalEngine
from programs.backends.names import language_model, prepare
from programs.errors import UserError

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY")
BASES = ("OPENAI_API_BASE", "OPENAI_BASE_URL")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no gateway, nothing remembered from other tests, and the embedded model counts as installed."""
    for variable in (*KEYS, *BASES):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(names, "check_parts", list)
    monkeypatch.setattr(names, "find_spec", lambda module: object())
    names._base.cache_clear()


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "name is empty"),
    ("  ", {}, "name is empty"),
    ("openai/", {}, "names a provider but no model"),
    ("openai/gpt-4o-mini", {}, "export OPENAI_API_KEY="),
    ("gpt-4o-mini", {}, "export OPENAI_API_KEY="),
    ("anthropic/claude-sonnet-4-5", {}, "export ANTHROPIC_API_KEY="),
    ("gemini/gemini-2.5-flash", {}, "export GEMINI_API_KEY="),
    ("groq/llama-3.3-70b", {}, "export GROQ_API_KEY="),
    ("local:/nowhere/m.gguf", {}, "cannot read the model file /nowhere/m.gguf"),
    ("local:", {}, "give local:/path/model.gguf"),
    ("local", {"api_base": "http://localhost:8000/v1"}, "runs in this process and has no API base"),
    ("openai/", {"api_base": "http://localhost:8000/v1"}, "names a provider but no model"),
    ("some-model", {"api_base": "localhost:8000"}, "no URL: write it as http://"),
    ("some-model", {"api_base": "http://"}, "no URL: write it as http://"),
    ("some-model", {"api_base": "https:///v1"}, "no URL: write it as http://"),
    ("some-model", {"api_base": "http://local host:8000/v1"}, "no URL: write it as http://"),
    ("some-model", {"api_base": "user:canary@localhost:8000"}, "holds a user name or password"),
    ("some-model", {"api_base": "http://user:ca/nary@localhost:8000"}, "holds a user name or password"),
    ("some-model", {"api_base": "http://localhost:8000/v1?api_key=canary"}, "holds a query"),
    ("some-model", {"api_base": "http://localhost:8000/v1#canary"}, "holds a query"),
]


@pytest.mark.parametrize(("name", "options", "said"), REFUSED)
def test_what_cannot_work_is_refused_in_one_line(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        language_model(name, **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "nary" not in str(refused.value)


class FakeLiteLLM:
    """Stands for the slow import of LiteLLM."""

    provider_list = ("openai", "mistral", "bedrock", "together_ai")

    def validate_environment(self, name: str) -> dict[str, list[str]]:
        missing = {"mistral": ["MISTRAL_API_KEY"], "bedrock": ["AWS_ACCESS_KEY_ID"]}
        return {"missing_keys": missing[name.partition("/")[0]]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opnai/gpt-4o", "unknown provider 'opnai' in LM 'opnai/gpt-4o'; did you mean 'openai'?"),
        ("mistral/mistral-small", "export MISTRAL_API_KEY="),
    ],
)
def test_names_beyond_the_native_providers_are_checked_with_litellm(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, "litellm", FakeLiteLLM())  # type: ignore[arg-type]
    with pytest.raises(UserError) as refused:
        language_model(name)
    assert said in str(refused.value)


def test_a_name_without_a_provider_is_refused_before_litellm_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)  # importing it fails
    with pytest.raises(UserError, match="unknown LM 'locl'"):
        language_model("locl")


@pytest.mark.tools
def test_litellm_itself_knows_its_providers() -> None:
    with pytest.raises(UserError, match="unknown provider 'nowhere'"):
        language_model("nowhere/model")


def test_a_provider_that_signs_in_otherwise_is_not_asked_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", FakeLiteLLM())  # type: ignore[arg-type]
    assert language_model("bedrock/anthropic.claude-v2").model == "bedrock/anthropic.claude-v2"


def test_keyless_local_servers_need_no_key() -> None:
    assert language_model("ollama_chat/llama3.2").model == "ollama_chat/llama3.2"


def test_with_its_key_a_provider_is_called_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    lm = language_model("openai/gpt-4o-mini", temperature=0.3, max_tokens=50, num_retries=7, cache=False, seed=4)
    assert select_backend(lm).native
    assert lm.supports_response_schema
    assert (lm.kwargs["temperature"], lm.kwargs["max_tokens"], lm.kwargs["seed"]) == (0.3, 50, 4)
    assert (lm.num_retries, lm.cache) == (7, False)
    assert "api_key" not in lm.kwargs  # read from the environment at the call, so never saved


def test_a_gateway_set_in_the_environment_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "http://localhost:4000")
    assert language_model("openai/gpt-4o-mini").model == "openai/gpt-4o-mini"


def test_reasoning_models_keep_their_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    lm = language_model("openai/gpt-5-mini", temperature=0.1, max_tokens=50)
    assert lm.kwargs.get("temperature") is None
    assert "max_tokens" not in lm.kwargs


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("some-model", "openai/some-model"),
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("meta-llama/Llama-3.1-8B", "openai/meta-llama/Llama-3.1-8B"),
        ("openai/some-model", "openai/some-model"),
        ("hosted_vllm/some-model", "hosted_vllm/some-model"),
    ],
)
def test_a_server_of_ones_own_speaks_openai_unless_the_name_says_otherwise(name: str, model: str) -> None:
    lm = language_model(name, api_base="http://localhost:8000/v1/")
    assert lm.model == model
    assert (lm.kwargs["api_base"], lm.kwargs["api_key"]) == ("http://localhost:8000/v1", "none")
    assert select_backend(lm).native


def test_a_server_of_ones_own_gets_the_openai_key_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert language_model("some-model", api_base="http://localhost:8000/v1").kwargs["api_key"] == "sk-test"


def test_another_providers_key_does_not_go_to_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    assert language_model("some-model", api_base="http://localhost:8000/v1").kwargs["api_key"] == "none"


def test_roles_on_one_server_share_its_connections() -> None:
    judge = language_model("m", api_base="http://localhost:8000/v1", temperature=0.1)
    rewrite = language_model("m", api_base="http://localhost:8000/v1", temperature=0.7)
    assert judge._engine_store is rewrite._engine_store
    assert (judge.kwargs["temperature"], rewrite.kwargs["temperature"]) == (0.1, 0.7)


def test_roles_on_the_embedded_model_share_one_engine() -> None:
    judge, rewrite = language_model("local", temperature=0.1), language_model("local", temperature=0.7)
    assert isinstance(judge.engine, LocalEngine)
    assert judge.engine is rewrite.engine
    assert judge.engine.path is None
    assert judge.supports_response_schema


def test_a_model_file_is_named_by_its_contents(gguf: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "tiny.gguf"
    other.parent.mkdir()
    other.write_bytes(b"GGUF and something else")
    first, second = language_model(f"local:{gguf}"), language_model(f"local:{other}")
    assert first.model.startswith("local/tiny-")
    assert first.model != second.model
    assert first.engine.path == gguf.resolve()


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\x00" * 64)
    with pytest.raises(UserError, match="is not a GGUF model file"):
        language_model(f"local:{path}")


def test_a_missing_runtime_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "find_spec", lambda module: None)
    with pytest.raises(UserError, match=r"needs xllamacpp, which is not installed: run pip install"):
        language_model("local")


def test_prepare_loads_a_local_model_and_leaves_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[LocalEngine] = []
    monkeypatch.setattr(LocalEngine, "load", lambda engine: loaded.append(engine))
    local = language_model("local")
    prepare(local)
    prepare(language_model("m", api_base="http://localhost:8000/v1"))
    assert loaded == [local.engine]


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(UserError, match="OPENAI_API_KEY") as raised:
        language_model("m", api_base="http://user:sk-secret@127.0.0.1:9/v1")
    assert "sk-secret" not in str(raised.value)
