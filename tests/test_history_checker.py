"""The checker of histories, on made-up ones: whatever breaks a promise is found, and nothing else."""

import pytest

from tests.history.checker import Checker
from tests.history.records import History, Read, Write

ONE = frozenset({1})
TWO = frozenset({2})
NONE: frozenset[int] = frozenset()
WRITES = [Write(7, 1, 0.0, 0.1), Write(7, 2, 10.0, 10.1)]
TAKEN_BACK = [*WRITES, Write(7, 3, 20.0, 20.1, withdrawn=True), Write(7, 4, 30.0, 30.1)]
UNKNOWN = [WRITES[0], Write(7, 2, 10.0)]


def read(began: float, shown: frozenset[int], *, lasted: float = 0.1, status: int = 200, own: bool = False) -> Read:
    return Read("/", began, began + lasted, status, "hit process", {7: shown}, own=own)


def faults(writes: list[Write], *reads: Read) -> list[str]:
    return Checker(History(writes, list(reads))).faults()


@pytest.mark.parametrize(
    ("writes", "reads"),
    [
        (WRITES, [read(5, ONE), read(11, TWO)]),
        (WRITES, [read(11.05, ONE)]),
        (WRITES, [read(9.95, TWO)]),
        (WRITES, [read(5, ONE, lasted=10)]),
        (WRITES, [read(10.2, TWO, own=True)]),
        (UNKNOWN, [read(50, ONE), read(50, TWO)]),
        (TAKEN_BACK, [read(21, NONE, status=404), read(20.05, NONE), read(30.5, NONE), read(40, frozenset({4}))]),
    ],
    ids=["true", "within-the-bound", "not-answered-yet", "a-long-read", "own", "nobody-knows", "withdrawn"],
)
def test_a_history_that_keeps_the_promises_passes(writes: list[Write], reads: list[Read]) -> None:
    assert faults(writes, *reads) == []


@pytest.mark.parametrize(
    ("writes", "bad", "why"),
    [
        (WRITES, read(11.2, ONE), "1.100 s out of date"),
        (WRITES, read(10.11, ONE, own=True), "to its writer"),
        (WRITES, read(11, TWO | ONE), "is torn"),
        (WRITES, read(5, ONE, status=503), "answers 503"),
        (WRITES, read(5, TWO), "never written"),
        (WRITES, read(5, NONE, status=404), "lacks article 7"),
        (TAKEN_BACK, read(22, TWO), "out of date"),
        (TAKEN_BACK, read(22, frozenset({3})), "never written"),
        (TAKEN_BACK, read(32, NONE), "lacks article 7"),
        (TAKEN_BACK, read(30.2, NONE, own=True), "lacks article 7"),
    ],
    ids=["old", "own", "torn", "error", "future", "lost", "withdrawn", "invented", "never-back", "not-back-for-writer"],
)
def test_a_history_that_breaks_one_fails_and_says_which(writes: list[Write], bad: Read, why: str) -> None:
    found = faults(writes, read(5, ONE), bad)
    assert found
    assert why in " ".join(found)


def test_lateness_is_counted_from_the_answer_to_the_first_write_that_is_missing() -> None:
    history = History(
        [*WRITES, Write(7, 3, 11.0, 11.1)], [read(10.13, ONE), read(11.2, ONE), read(11.2, frozenset({3}))]
    )
    assert Checker(history).latenesses() == pytest.approx([0.0, 0.03, 1.1])
