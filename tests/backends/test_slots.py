"""Free slots of the embedded model go to calls in the order in which they came."""

import threading
import time

from programs.backends.slots import Slots


def test_calls_are_served_in_the_order_in_which_they_came() -> None:
    slots, served = Slots(1), []

    def call(number: int) -> None:
        with slots:
            served.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    with slots:
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            while len(slots._waiting) < waiting:
                time.sleep(0.001)
        served.append(-1)
    for thread in threads:
        thread.join()
    assert served == [-1, *range(8)]


def test_no_more_are_served_at_once_than_there_are_slots() -> None:
    slots, both, third = Slots(2), threading.Barrier(3), threading.Event()

    def call(number: int) -> None:
        with slots:
            if number == 2:
                third.set()
            else:
                both.wait(5)
                both.wait(5)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(3)]
    threads[0].start(), threads[1].start()
    both.wait(5)
    threads[2].start()
    while not slots._waiting:
        time.sleep(0.001)
    assert not third.is_set()
    both.wait(5)
    assert third.wait(5)
    for thread in threads:
        thread.join()
