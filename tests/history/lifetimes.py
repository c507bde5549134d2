"""Facts that a served site and its checkers share."""

LASTS = 6
"""Seconds that the page lives which is there to expire."""
