"""All concurrency goes through here.

`dspy.Parallel` and `dspy.Evaluate` lose token usage, send slow calls twice and turn failures into zeros.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError, Future, wait
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

from programs.optimizer.flight import Crew, Flight
from programs.records.calls import PLACE
from programs.records.lines import Place
from programs.records.unanswered import Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")
Phase = tuple[Callable[[Any], Result], Sequence[Any], Callable[[], None] | None]
"""Function, items and what is called for every finished item."""


def fan_out(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int = 8,
    done: Callable[[], None] | None = None,
) -> list[Result]:
    """`[function(item) for item in items]`, at most `threads` at once, each under a copy of the caller's context.

    Items are started in order. The first failure (or Ctrl-C) starts nothing more, waits for what is in flight, so that
    no paid reply is lost, and is raised unchanged. `done` is called once for every finished item.
    """
    return list(in_order(function, items, threads, done))


def in_order(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int = 8,
    done: Callable[[], None] | None = None,
) -> Generator[Result]:
    """The same one by one, each result as soon as it and all before it are known.

    To be closed where it is not read to its end: that, too, waits for what is in flight.
    """
    crew = Crew(min(threads, len(items)))
    try:
        yield from _flown(Flight(), crew, function, items, done)
    finally:
        crew.leave()


def _flown(
    flight: Flight,
    crew: Crew,
    function: Callable[[Item], Result],
    items: Sequence[Item],
    done: Callable[[], None] | None,
) -> Generator[Result]:
    try:
        with crew.together():
            futures = [crew.submit(partial(flight.work, function, item, done)) for item in items]
        yield from _results(futures)
    except KeyboardInterrupt:
        flight.land(*flight.beside)
        raise
    except GeneratorExit:
        flight.land()
        raise
    except (CancelledError, Stopped) as ended:
        raise next((other.failure for other in flight.beside if other.failure), ended) from None


def _results(futures: Sequence[Future[Result]]) -> Generator[Result]:
    """Those before the first failure; then it is raised, when all have ended."""
    for future in futures:
        _join([future])
        if future.exception() is not None:
            break
        yield future.result()
    _join(futures)
    failures = [failure for future in futures if (failure := future.exception()) is not None]
    for failure in sorted(failures, key=lambda each: isinstance(each, CancelledError | Stopped)):
        raise failure


def _join(futures: Sequence[Future[Any]]) -> None:
    """Waits for all, in bouts: a Ctrl-C that comes just before an endless wait would not end it."""
    waiting = [future for future in futures if not future.done()]
    while waiting and wait(waiting, timeout=1).not_done:
        pass


class Later(Generic[Result]):
    """A phase that goes on in the background, after all that is asked for in the meantime."""

    def __init__(self, futures: Sequence[Future[Result]], flight: Flight) -> None:
        self._futures = futures
        self._flight = flight

    @property
    def done(self) -> bool:
        """Whether all its items have ended, well or not."""
        return all(future.done() for future in self._futures)

    @property
    def whole(self) -> bool:
        """Whether all its items have ended well."""
        return self.done and all(future.exception() is None for future in self._futures)

    def in_order(self) -> Generator[Result]:
        """Its results one by one, waited for. Raises the first failure of the background; Ctrl-C ends all there."""
        try:
            yield from _results(self._futures)
        except KeyboardInterrupt:
            self._flight.land()
            raise
        except (CancelledError, Stopped) as ended:
            raise self._flight.failure or ended from None


class Pool:
    """How many calls may be in flight, and who is told of their progress.

    `started(phase, total)` is called when a phase begins and returns what to call for every finished item;
    `skipped(phase, count)` when a phase has fewer items than were planned. Phases are numbered, so that each call has
    a place in the run which is the same in every session, whatever the threads do; `begun` is how many there were.
    """

    def __init__(
        self,
        threads: int = 8,
        started: Callable[[str, int], Callable[[], None]] | None = None,
        skipped: Callable[[str, int], None] | None = None,
        crew: Crew | None = None,
    ) -> None:
        self.threads = threads
        self.started = started
        self.skipped = skipped
        self.begun = 0
        self._crew = crew or Crew(threads)
        self._background = Flight()

    def beside(self) -> "Pool":
        """A pool with places in the run of its own, that shares the limit of calls in flight."""
        return Pool(self.threads, self.started, crew=self._crew)

    def map(
        self, phase: str, function: Callable[[Item], Result], items: Sequence[Item], planned: int | None = None
    ) -> list[Result]:
        """`fan_out` under the name of a phase, which is the role that plays it; `planned` calls were estimated."""
        if self.skipped and planned is not None:
            self.skipped(phase, planned - len(items))
        return list(self.in_order(phase, function, items))

    def in_order(
        self,
        phase: str,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        positions: Sequence[int] | None = None,
    ) -> Generator[Result]:
        """The results of a phase one by one (see `in_order`). Items whose order depends on how many calls may be in
        flight have `positions` that do not."""
        flown = self._phase(phase, function, items, positions)
        return self._landing(_flown(Flight(self._background), self._crew, *flown))

    def later(
        self,
        phase: str,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        positions: Sequence[int] | None = None,
    ) -> Later[Result]:
        """A phase in the background: its calls are made, in order, where no other phase has one to make.

        A failure there begins nothing more anywhere, and is raised by the phase that is under way.
        """
        flight, (at_its_place, placed, done) = self._background, self._phase(phase, function, items, positions)
        work = (partial(flight.work, at_its_place, item, done) for item in placed)
        with self._crew.together():
            return Later([self._crew.submit(each, urgent=False) for each in work], flight)

    def land(self) -> None:
        """Ends what goes on in the background: begins nothing more there and waits for what is in flight."""
        self._crew.leave()
        self._background.land()
        self._crew, self._background = Crew(self.threads), Flight()

    def _landing(self, results: Generator[Result]) -> Generator[Result]:
        try:
            yield from results
        except KeyboardInterrupt:
            self.land()
            raise

    def _phase(
        self, phase: str, function: Callable[[Item], Result], items: Sequence[Item], positions: Sequence[int] | None
    ) -> Phase[Result]:
        """What a fan-out of the items takes, each at its place in the run."""
        done = self.started(phase, len(items)) if self.started else None
        number, self.begun = self.begun, self.begun + 1
        placed = [((number, position), item) for position, item in zip(positions or count(), items, strict=False)]
        return (lambda each: _at(each[0], each[1], function)), placed, done


def _at(place: Place, item: Item, function: Callable[[Item], Result]) -> Result:
    """`function(item)` at its place in the run. Called in a context of its own, so nothing is set back."""
    PLACE.set(place)
    return function(item)
