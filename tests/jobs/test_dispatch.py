import logging
import os
import queue
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from application.jobs.dispatch import Dispatcher

Sent = tuple[str, tuple[object, ...]]


class Broker:
    """Takes jobs like a broker; may be away, or hold whoever sends."""

    def __init__(self) -> None:
        self.sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self.is_away = False
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, task_name: str, args: tuple[object, ...]) -> None:
        self.answers.wait()
        if self.is_away:
            raise ConnectionError("away")
        self.sent.put((task_name, args))

    def next(self) -> Sent:
        return self.sent.get(timeout=30)


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.answers.set()


def test_a_job_is_sent_soon(broker: Broker) -> None:
    Dispatcher(broker).send("count", 1)
    assert broker.next() == ("count", (1,))


def test_a_burst_of_equal_jobs_is_sent_at_once_and_once_more(broker: Broker) -> None:
    dispatcher = Dispatcher(broker, interval=0.2)
    broker.answers.clear()
    for _ in range(1000):
        dispatcher.send("count", 1)
    dispatcher.send("count", 2)
    broker.answers.set()

    # The first may have been taken before the burst was over; then a last one follows it.
    assert {broker.next(), broker.next()} == {("count", (1,)), ("count", (2,))}
    dispatcher.flush(30)
    assert broker.sent.qsize() <= 1


def test_what_is_noted_while_its_like_is_being_sent_is_sent_again(broker: Broker) -> None:
    dispatcher = Dispatcher(broker, interval=0.1)
    broker.answers.clear()
    dispatcher.send("count", 1)
    while len(dispatcher):
        time.sleep(0.001)
    dispatcher.send("count", 1)
    assert len(dispatcher) == 1
    broker.answers.set()

    assert [broker.next(), broker.next()] == [("count", (1,))] * 2


def test_equal_jobs_keep_their_distance(broker: Broker) -> None:
    dispatcher = Dispatcher(broker, interval=0.3)
    started = time.monotonic()
    for _ in range(2):
        dispatcher.send("count", 1)
        broker.next()
    assert time.monotonic() - started >= 0.3


def test_sending_never_waits_for_the_broker(broker: Broker) -> None:
    dispatcher = Dispatcher(broker)
    broker.answers.clear()
    for number in range(100):
        dispatcher.send("count", number)
    assert broker.sent.empty()

    broker.answers.set()

    assert {broker.next() for _ in range(100)} == {("count", (number,)) for number in range(100)}


def test_jobs_survive_a_broker_that_is_away(broker: Broker) -> None:
    dispatcher = Dispatcher(broker)
    broker.is_away = True
    dispatcher.send("count", 1)
    dispatcher.send("count", 2)
    broker.is_away = False

    assert {broker.next(), broker.next()} == {("count", (1,)), ("count", (2,))}


def test_a_job_that_cannot_be_sent_does_not_stop_others(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    def publish(task_name: str, args: tuple[object, ...]) -> None:
        if args == ("bad",):
            raise TypeError("not JSON")
        broker(task_name, args)

    dispatcher = Dispatcher(publish)
    dispatcher.send("count", "bad")
    dispatcher.send("count", 1)

    assert broker.next() == ("count", (1,))
    assert "cannot be sent" in caplog.text


def test_a_full_queue_drops_the_oldest_and_says_so(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = Dispatcher(broker, capacity=10)
    broker.answers.clear()
    dispatcher.send("first", 0)
    while len(dispatcher):
        time.sleep(0.001)

    with caplog.at_level(logging.WARNING):
        for number in range(100):
            dispatcher.send("count", number)

    assert len(dispatcher) == 10
    assert dispatcher.dropped == 90
    assert 1 < len(caplog.records) < 10
    broker.answers.set()
    broker.next()
    assert {broker.next() for _ in range(10)} == {("count", (number,)) for number in range(90, 100)}


def test_the_end_of_a_process_sends_what_waits_without_its_distance(broker: Broker) -> None:
    dispatcher = Dispatcher(broker, interval=3600)
    dispatcher.send("count", 1)
    broker.next()
    dispatcher.send("count", 1)

    dispatcher.flush(30)

    assert broker.next() == ("count", (1,))


def test_the_end_of_a_process_is_not_held_up_by_a_frozen_broker(broker: Broker) -> None:
    dispatcher = Dispatcher(broker)
    broker.answers.clear()
    dispatcher.send("count", 1)
    started = time.monotonic()
    dispatcher.flush(0.1)
    assert time.monotonic() - started < 5


def test_a_forked_process_has_a_queue_of_its_own(broker: Broker) -> None:
    dispatcher = Dispatcher(broker)
    broker.answers.clear()
    dispatcher.send("count", 1)
    reading, writing = os.pipe()

    def publish(task_name: str, args: tuple[object, ...]) -> None:
        os.write(writing, f"{task_name}{args}".encode())

    # What gunicorn would do to an application that it loaded before it forks.
    with warnings.catch_warnings():
        # Newer Pythons warn of a fork beside threads, which is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        dispatcher._publish = publish
        dispatcher.send("count", 2)
        dispatcher.flush(5)
        os._exit(0)

    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "count(2,)"
    os.waitpid(child, 0)
