"""How many judgements a second the client manages, beside DSPy's own ways and plain HTTP clients.

    python -m tests.benchmarks.client_overhead [ROWS, default 1000] [ROUNDS, default 5]

All judge the same rows with the same joint judge of four criteria (or send the same bodies), 64 in flight, against one
server in a process of its own that answers after 20 ms. No cache of replies anywhere; ours writes its call log. The
contenders take turns, and what counts is the median over the rounds of the ratio within a round.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import aiohttp
import dspy
import httpx
import orjson
from dspy._vendor.lm15.transports import StdlibTransport

from metrics.agreement import Agreement
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool, fan_out
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.records.calls import CallLog
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.benchmarks.counting_server import Remote, counting_process
from tests.measured import Figure, keep

IN_FLIGHT = 64
LATENCY = 0.020
NAMES = ("coherence", "consistency", "fluency", "relevance")
COMMAND = "python -m tests.benchmarks.client_overhead"


def main(rows: str = "1000", rounds: str = "5") -> int:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with counting_process(LATENCY) as server:
        found = measure(server, int(rows), int(rounds))
    return keep("client-overhead", "speed", 2, COMMAND, figures(found))


def measure(server: Remote, rows: int, rounds: int) -> dict[str, list[float]]:
    """Judgements a second of every contender, by round. Prints them, and CPU time a call, as they come."""
    field = Field(server.url, rows)
    found: dict[str, list[float]] = {name: [] for name in field.contenders}
    server.seen()
    for number in range(rounds):
        for name, run in field.contenders.items():
            begun, busy = time.perf_counter(), time.process_time()
            run()
            seconds, busy = time.perf_counter() - begun, time.process_time() - busy
            if (asked := server.seen().counts["judge"]) != rows:
                sys.exit(f"{name} sent {asked} requests for {rows} rows")
            found[name].append(rows / seconds)
            print(f"round {number}: {name:22} {rows / seconds:6.0f} a second, {1e6 * busy / rows:5.0f} us CPU a call")
    return found


def figures(found: dict[str, list[float]]) -> list[Figure]:
    """Medians, and ratios within a round beside their targets."""
    ours = found["judgegrad"]
    listed = [
        Figure("judgements a second, 64 in flight, 20 ms latency", f"{statistics.median(ours):,.0f}", "", True),
    ]
    for name, least in (("dspy.Evaluate", 2.5), ("httpx in threads", 0.75)):
        ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, found[name], strict=True))
        listed.append(Figure(f"times those of {name}", f"{ratio:.2f}", f"at least {least:g}", ratio >= least))
    others = ((name, statistics.median(rates)) for name, rates in found.items() if name != "judgegrad")
    listed.extend(Figure(f"a second with {name}", f"{rate:,.0f}", "", True) for name, rate in others)
    return listed


class Field:
    """The contenders on the same rows."""

    def __init__(self, url: str, count: int) -> None:
        self.url = url
        criteria = tuple(Criterion(name, 1, 5) for name in NAMES)
        task = Task("test", "Judge the summary.", (Input("text", "Text"),), criteria)
        self.judge = Judge(task)
        self.rows = [_row(place) for place in range(count)]
        self.lm = dspy.LM("openai/stub", api_base=url, api_key="none", cache=False, temperature=0.1)
        self.folder = tempfile.TemporaryDirectory()
        self.logs = 0
        self.http = httpx.Client(limits=httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT))
        with recorded() as bodies:
            self.ours()
        self.bodies = bodies
        self.contenders: dict[str, Callable[[], object]] = {
            "judgegrad": self.ours,
            "dspy.Evaluate": self.evaluate,
            "Predict in threads": self.predict,
            "httpx in threads": self.httpx,
            "aiohttp": lambda: asyncio.run(self.aiohttp()),
        }

    def ours(self) -> None:
        self.logs += 1
        calls = CallLog(Path(self.folder.name) / f"{self.logs}.jsonl", reuse=False)
        roles = Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), self.lm), calls=calls)
        with roles.playing("judge"):
            judge_rows(self.judge, self.rows, Pool(IN_FLIGHT))
        calls.close()

    def evaluate(self) -> None:
        metric = Agreement(self.judge.task.criteria)
        score = dspy.Evaluate(devset=self.rows, metric=metric, num_threads=IN_FLIGHT, display_progress=False)
        with dspy.context(lm=self.lm):
            score(self.judge)

    def predict(self) -> None:
        with dspy.context(lm=self.lm):
            fan_out(lambda row: self.judge(text=row["text"]), self.rows, IN_FLIGHT)

    def httpx(self) -> None:
        def send(body: bytes) -> str:
            headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
            reply = self.http.post(f"{self.url}/chat/completions", content=body, headers=headers)
            return orjson.loads(reply.content)["choices"][0]["message"]["content"]

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(send, self.bodies))

    async def aiohttp(self) -> None:
        waiting = asyncio.Semaphore(IN_FLIGHT)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

            async def send(body: bytes) -> str:
                async with waiting, session.post(f"{self.url}/chat/completions", data=body) as reply:
                    return orjson.loads(await reply.read())["choices"][0]["message"]["content"]

            await asyncio.gather(*map(send, self.bodies))


def _row(place: int) -> dspy.Example:
    text = f"Summary {place}. " + "The quick brown fox jumps over the lazy dog. " * 20
    ratings = {name: float(1 + (place + shift) % 5) for shift, name in enumerate(NAMES)}
    return dspy.Example(text=text, row_id=str(place), document_id=None, **ratings).with_inputs("text")


@contextmanager
def recorded() -> Iterator[Sequence[bytes]]:
    """The bodies that DSPy's HTTP client is given to send."""
    bodies: list[bytes] = []
    stream = StdlibTransport.stream

    def noted(transport: StdlibTransport, request):  # type: ignore[no-untyped-def]
        bodies.append(request.body)
        return stream(transport, request)

    with patch.object(StdlibTransport, "stream", noted):
        yield bodies


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
