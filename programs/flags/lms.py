"""The flags of the LMs and of how the judge asks them."""

import argparse
from collections.abc import Sequence

from programs.flags.parser import Parser, number, whole
from programs.settings import ROLE_NAMES, Settings


def add_lm_flags(parser: Parser, roles: Sequence[str] = ROLE_NAMES) -> None:
    group = parser.add_argument_group("the LMs")
    group.add_argument("--lm", help="any DSPy/LiteLLM name, local (default: the embedded model) or local:/path.gguf")
    group.add_argument("--api-base", help="URL of an OpenAI-compatible server, for all roles without their own")
    for role in roles:
        group.add_argument(f"--{role}-lm", help=f"LM for the role {role}")
        group.add_argument(f"--{role}-api-base", help=f"URL for the role {role}")
        group.add_argument(
            f"--{role}-temperature", type=number(0, 2), help=f"default {getattr(Settings, f'{role}_temperature')}"
        )
    group.add_argument("--threads", type=whole(1), help=f"most LM calls in flight (default {Settings.threads})")
    group.add_argument("--retries", type=whole(0), help=f"retries of a failed call (default {Settings.retries})")
    group.add_argument(
        "--timeout", type=number(1, 86400), help="seconds to wait for a reply (default 600, while the server is there)"
    )
    group.add_argument(
        "--reuse",
        choices=("on", "off"),
        help="on (default): no known answer is paid for again; off: every planned call is sent",
    )
    group.add_argument("--save-prompts", action="store_true", help="keep every prompt in calls.jsonl, to read them")


def add_price_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument("--price-in", type=number(0), help="USD per million prompt tokens (default: LiteLLM's table)")
    group.add_argument("--price-out", type=number(0), help="USD per million reply tokens")


def add_judge_flags(parser: Parser) -> None:
    group = parser.add_argument_group("the judge's prompt")
    group.add_argument("--adapter", choices=("compact", "json", "chat"), help="prompt layout (default compact)")
    group.add_argument("--schema", choices=("auto", "on", "off"), help="JSON schema for replies (default auto)")
    add_readout_flag(group)
    add_division_flag(group, "as the mode says")


def add_readout_flag(parser: argparse._ActionsContainer, default: str = "digits") -> None:
    parser.add_argument(
        "--readout",
        choices=("digits", "expected"),
        help=f"score: the number in the reply, or the scale's mean under its token probabilities (default {default})",
    )


def add_division_flag(parser: argparse._ActionsContainer, default: str) -> None:
    parser.add_argument(
        "--judge",
        help="who shares a call: joint, separate, isolated, decision (questions to an LM that measures its answers),"
        " clusters:a+b,c or :FILE.json, and in a run clusters alone, which measures the pairs first"
        f" (default: {default})",
    )


def add_probabilities_flag(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--probabilities",
        choices=("auto", "on", "off"),
        help="ask for token probabilities, which confidence is made of; auto (default): of LMs known to give them",
    )
