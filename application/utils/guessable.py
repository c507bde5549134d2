"""Passwords that a guesser tries first: those that many people have, and those that say who has them."""

from collections.abc import Iterable

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from application.utils.text import fold

SHORTEST, LONGEST = 8, 128
SHORTEST_NUMBER = 12
FEWEST_SIGNS = 5

COMMON = "Many people have this password, so guessers try it early; please choose another, as a few words in a row."
OWN = "This password is your name or address, which guessers try first; please choose another."
MONOTONOUS = "This password repeats too few signs; please choose another, as a few words in a row."
LENGTH = f"A password has {SHORTEST} to {LONGEST} characters."

# Thirty thousand, as they were found in what others have lost. The estimator that comes with them is not used: it
# takes many seconds over a password made for that.
_COMMON = frozenset(FREQUENCY_LISTS["passwords"])


def problem_with(password: str, own_words: Iterable[str]) -> str | None:
    """Say why a password would be guessed; None when it would not be early. `own_words` name the account."""
    if not SHORTEST <= len(password) <= LONGEST:
        return LENGTH
    folded = fold(password)
    if len(set(folded)) < FEWEST_SIGNS:
        return MONOTONOUS
    readings = {folded, _core(folded), _unit(folded), _core(_unit(folded))}
    if not _COMMON.isdisjoint(readings) or (folded.isdigit() and len(folded) < SHORTEST_NUMBER):
        return COMMON
    own = {part for word in own_words for part in (fold(word), fold(word).partition("@")[0])}
    return None if own.isdisjoint(readings) else OWN


def _core(text: str) -> str:
    """Return a password without the digits and signs that people put around a word."""
    letters = [place for place, sign in enumerate(text) if sign.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else text


def _unit(text: str) -> str:
    """Return what a text repeats, or the text."""
    return text[: (text + text).index(text, 1)]
