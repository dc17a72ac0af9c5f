"""What a command needs before its first call and for its page, made ready once in the process that others fork from."""

import importlib

from metrics.tokens import count_tokens
from programs.reports import page

SESSIONS = ("optimizer", "studies", "studies.interference", "diagnostics", "applying.comparing", "checking")
for module in (
    *(f"programs.{session}.session" for session in SESSIONS),
    *("programs.applying.evaluation", "programs.applying.texts", "programs.reports.write"),
    *("diskcache", "plotly.offline", "plotly.io.json"),
):
    importlib.import_module(module)

count_tokens("")  # reads the tokenizer's table
for template in ("run.html", "study.html"):
    page._environment().get_template(template)
page._assets()
