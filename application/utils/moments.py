"""Moments that may come from anybody: what is no time becomes the nearest that there is."""

from datetime import UTC, datetime
from math import isfinite

LAST = 253_370_764_800
"""The year 9999, in seconds since 1970; zones need some room."""


def moment_of(seconds: float) -> datetime:
    """Return the moment so many seconds after 1970, which may be none at all, such as one a planted value names."""
    return datetime.fromtimestamp(min(max(seconds, 0), LAST) if isfinite(seconds) else 0, UTC)


def written(seconds: float) -> str:
    """Write a moment as `2026-08-04 12:03:05`, in UTC."""
    return f"{moment_of(seconds):%Y-%m-%d %H:%M:%S}"
