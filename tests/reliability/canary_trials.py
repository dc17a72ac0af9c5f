"""The commands that `canaries.py` tries: each with success and failure, with keys in its environment and its flags."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.commands import own_task, write_table
from tests.reliability.echo_server import FAILURES, EchoServer

CANARIES = {
    "key of the LM": "sk-canary/Hosted+7f3a9c51d2",
    "key of another provider": "sk-canary-Other-0b8e62f4a1",
    "token of the hub": "hf_canaryHubToken5d20c7e9",
    "password of MLflow": "canaryMlflowPw-31f6d8",
    "password of the proxy": "canaryProxyPw-9e47b2",
    "password in an address": "canaryUrlPw-64ad05",
    "key in an address": "canaryUrlKey-c81f3e",
}
ENVIRONMENT = {
    "OPENAI_API_KEY": CANARIES["key of the LM"],
    "HOSTED_VLLM_API_KEY": CANARIES["key of the LM"],
    "ANTHROPIC_API_KEY": CANARIES["key of another provider"],
    "HF_TOKEN": CANARIES["token of the hub"],
    "MLFLOW_TRACKING_PASSWORD": CANARIES["password of MLflow"],
}

CRASH = """
import os
from programs.command import run
def main(arguments):
    raise RuntimeError("no connection with " + os.environ["OPENAI_API_KEY"] + ", Authorization: Bearer abc123def456")
run(main)
"""


@dataclass(frozen=True)
class Trial:
    """A command, the server's mode, and what its environment holds besides."""

    command: str
    flags: Sequence[object]
    mode: str = "answers"
    extra: Mapping[str, str] | None = None


def trials(folder: Path, server: EchoServer) -> list[Trial]:
    """Every command, with success and failure. Those behind the first need its run."""
    table = write_table(folder / "rated.csv")
    lm = ["--lm", "openai/stub", "--api-base", server.url, "--retries", "0"]
    sizes = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "1"]
    own = [*own_task(table), *sizes, "--retries", "0", "--reuse", "off", "--runs-dir", folder / "runs"]
    begin = [*own_task(table), *sizes, *lm, "--runs-dir", folder / "runs", "--save-prompts"]
    anew = [*begin, "--reuse", "off"]
    data, run = ["--data", table], folder / "runs" / "one"
    apply = {
        "score": [run, *data, "--out", folder / "scored.csv"],
        "evaluate": [run, *data, "--out", folder / "agreement.json"],
        "compare": [
            run,
            run / "judge.json",
            *data,
            "--names",
            "a,b",
            "--out",
            folder / "c.json",
            "--html",
            folder / "p",
        ],
        "check": [run, *data, "--freeze", folder / "anchors.json", "--rows", "8"],
        "diagnose": [run],
    }
    host = server.url.partition("://")[2]
    names = ("password in an address", "key in an address", "password of MLflow", "password of the proxy")
    password, key, mlflow, proxied = (CANARIES[name] for name in names)
    addresses = (
        f"http://user:{password}@{host}",
        f"{server.url}?key={key}",
        f"user:{password}@{host}",
        f"x://a:{password}@b",
    )
    places = (
        f"http://user:{mlflow}@{host}",
        f"postgresql://user:{mlflow}@127.0.0.1:1/db",
        f"no://u:{mlflow}@b?token={key}",
    )
    proxy = {"HTTP_PROXY": f"http://user:{proxied}@{host.partition('/')[0]}"}
    served = {"HOSTED_VLLM_API_BASE": server.url}
    return [
        Trial("optimize", [*begin, "--run", "one"]),
        *(Trial(name, [*flags, *lm]) for name, flags in apply.items()),
        Trial("report", [run]),
        Trial("study", [*begin, "--run", "study", "--modes", "SSC,CCC", "--gates", "mae", "--yes"]),
        Trial("advise", [run, "--difference", "0.1"]),
        *(Trial("export", [run, "--to", to, "--out", folder / f"export_{to}.py", *lm[:4]])
          for to in ("text", "openai", "inspect", "mlflow")),
        Trial("export", [run, "--to", "promptfoo", "--out", folder / "promptfoo", *lm[:4]]),
        *(Trial("optimize", [*anew, "--run", f"failed-{place}"], mode) for place, mode in enumerate(FAILURES)),
        Trial("optimize", [*anew, "--run", "traced"], "401", {"JUDGEGRAD_TRACEBACK": "1"}),
        Trial("optimize", [*anew, "--run", "proxied"], "500", proxy),
        Trial("optimize", [*anew, "--run", "through"], "answers", proxy),
        Trial("optimize", [*own, "--run", "litellm", "--lm", "hosted_vllm/stub"], "401", served),
        Trial("study", [*anew, "--run", "broken", "--modes", "SSC,CCC", "--gates", "mae", "--yes"], "401"),
        *(Trial(name, [*other(flags), *lm, "--reuse", "off"], "401") for name, flags in apply.items() if flags[1:]),
        Trial("diagnose", [folder / "runs" / "through", *lm, "--reuse", "off"], "401"),
        *(Trial("optimize", [*begin, "--run", f"address-{place}", "--api-base", address])
          for place, address in enumerate(addresses)),
        *(Trial("optimize", [*begin, "--run", f"place-{place}", "--mlflow", uri]) for place, uri in enumerate(places)),
        Trial("crash", []),
    ]  # fmt: skip


def other(flags: Sequence[object]) -> list[object]:
    """The flags with other files to write: those of a first trial would not be written again."""
    outs = [place + 1 for place, each in enumerate(flags) if each in ("--out", "--html", "--freeze")]
    return [Path(f"{each}.other") if place in outs else each for place, each in enumerate(flags)]


def invoked(trial: Trial, folder: Path) -> tuple[int, str]:
    """Exit code and output of the command in a process of its own, whose homes and caches lie in the folder."""
    homes = {"HOME": "home", "XDG_CACHE_HOME": "cache", "DSPY_CACHEDIR": "cache/dspy", "TMPDIR": "tmp"}
    for home in homes.values():
        (folder / home).mkdir(parents=True, exist_ok=True)
    own = {name: str(folder / home) for name, home in homes.items()}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {**kept, **own, **ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parents[2]), **(trial.extra or {})}
    code = ["-c", CRASH] if trial.command == "crash" else ["-m", f"programs.{trial.command}", *map(str, trial.flags)]
    done = subprocess.run(
        [sys.executable, *code], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    return done.returncode, done.stdout + done.stderr
