"""Calls into native code that Ctrl-C can end.

A reply of the local model can take a minute, in a thread that hears of no signal. So every chunk of it asks whether
anyone still waits.
"""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")
Body = dict[str, Any]
Chunk = dict[str, Any]
Ask = Callable[[Body, Callable[[Chunk], bool]], object]
"""A request's body and who hears its chunks; hearing `True` ends the reply."""

Talk = Callable[[Callable[[Body], list[Chunk]]], Result]
"""What is done in a slot with a function that asks: body -> the chunks of its reply."""

GRACE = 1.0
"""Seconds after Ctrl-C in which other threads than the main one start no new call, and which the main one waits."""


@dataclass(eq=False)
class Call:
    """One call in flight, and whether anyone still waits for it."""

    abandoned: bool = False


_calls: set[Call] = set()
_last_interrupt = float("-inf")


@dataclass(frozen=True)
class Server:
    """A loaded model and its free slots. Calls wait here for a slot, where they can be told to give up."""

    ask: Ask
    slots: AbstractContextManager[None]

    def hold(self, talk: Talk[Result]) -> Result:
        """What `talk` makes of the replies that it asks for, all in one slot.

        Raises KeyboardInterrupt where `interrupt` ended it before.
        """
        call = Call()
        _calls.add(call)
        try:
            _refuse_after_interrupt()
            return self._run_outside_main(talk, call)
        finally:
            call.abandoned = True
            _calls.discard(call)

    def _run_outside_main(self, talk: Talk[Result], call: Call) -> Result:
        """The main thread's calls run in threads of their own: signals are not handled while native code runs, and
        what their handler raises inside a callback is lost."""
        if threading.current_thread() is not threading.main_thread():
            return self._run(talk, call)
        ended: Future[Result] = Future()
        try:
            threading.Thread(target=self._run_for, args=(ended, talk, call), daemon=True).start()
            while not ended.done():
                wait([ended], timeout=0.2)  # a signal that comes just before an endless wait would not end it
        except KeyboardInterrupt:
            call.abandoned = True
            wait([ended], timeout=GRACE)  # rather not leave the process in the middle of native code
            raise
        return ended.result()

    def _run_for(self, ended: "Future[Result]", talk: Talk[Result], call: Call) -> None:
        try:
            ended.set_result(self._run(talk, call))
        except BaseException as error:
            ended.set_exception(error)

    def _run(self, talk: Talk[Result], call: Call) -> Result:
        with self.slots:
            return talk(partial(self._reply, call))

    def _reply(self, call: Call, sent: Body) -> list[Chunk]:
        """The chunks of the whole reply."""
        heard: list[Chunk] = []

        def hear(chunk: Chunk) -> bool:
            heard.append(chunk)
            return call.abandoned

        if not call.abandoned:
            self.ask(sent, hear)
        if call.abandoned:
            raise KeyboardInterrupt
        return heard


def interrupt() -> None:
    """Ends all calls in flight at their next token; each raises KeyboardInterrupt in the thread that made it."""
    global _last_interrupt
    _last_interrupt = time.monotonic()
    for call in tuple(_calls):
        call.abandoned = True


def interrupt_on_ctrl_c() -> None:
    """Lets Ctrl-C call `interrupt` before whatever else it does. Only the main thread can arrange that."""
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        return
    if getattr(previous, "interrupts_calls", False):
        return

    def interrupt_first(number: int, frame: FrameType | None) -> None:
        interrupt()
        previous(number, frame)

    interrupt_first.interrupts_calls = True  # type: ignore[attr-defined]
    signal.signal(signal.SIGINT, interrupt_first)


def _refuse_after_interrupt() -> None:
    """A pool's threads go on to its next item before the main thread has cancelled the rest."""
    worker = threading.current_thread() is not threading.main_thread()
    if worker and time.monotonic() - _last_interrupt < GRACE:
        raise KeyboardInterrupt
