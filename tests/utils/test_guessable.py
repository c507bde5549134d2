"""Passwords that a guesser tries first."""

import pytest

from application.utils.guessable import COMMON, LENGTH, MONOTONOUS, OWN, problem_with

WORDS = ("grace", "hopper@example.com", "The Daily")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("password", COMMON),
        ("Password", COMMON),
        ("12345678", COMMON),
        ("Password1!", COMMON),
        ("letmein123", COMMON),
        ("2024sunshine", COMMON),
        ("passwordpassword", COMMON),
        ("87654321", COMMON),
        ("19521203", COMMON),
        ("aaaaaaaa", MONOTONOUS),
        ("abababababab", MONOTONOUS),
        ("grace1234!", OWN),
        ("gracegrace", OWN),
        ("HOPPER@example.com", OWN),
        ("hopper1906", OWN),
        ("the daily 1", OWN),
        ("short", LENGTH),
        ("x" * 129, LENGTH),
        ("correct horse battery", None),
        ("another horse", None),
        ("xK9#pq2L", None),
        ("Gräfin auf dem Dach", None),
        ("東京タワーの夜景です", None),
        ("739518260417", None),
        ("graceful exits only", None),
        ("word " * 20, None),
    ],
)
def test_what_guessers_try_first_is_refused(password: str, problem: str | None) -> None:
    assert problem_with(password, WORDS) == problem
