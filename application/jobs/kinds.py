"""What a long job is: something that can be counted, and walked through from any place."""

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Unable(Exception):  # noqa: N818 - it is an answer, as in data/errors.py
    """Say that a job cannot begin, or go on, at the moment."""


class Passed(NamedTuple):
    """A place that was reached, how many of the total were done on the way to it, and what went wrong there."""

    place: str
    done: int = 1
    problem: str = ""


class LongJob(NamedTuple):
    """A kind of long job; a walk from the place "" begins at the beginning."""

    name: str
    title: str
    tells: str
    unit: str
    total: Callable[[], int]
    walk: Callable[[str], Iterator[Passed]]
