"""Places in the site's own code and templates: the innermost one of a call, or of an exception."""

import traceback
from collections.abc import Iterable
from types import CodeType, FrameType

from application.config import ROOT
from application.measuring.profiling import ours_in

_OURS = ours_in(
    ROOT,
    ("",),
    without=(
        ".venv/",
        "application/explaining/",
        "application/rehearsing/",
        "application/measuring/",
        "application/caching/",
        "application/data/database.py",
    ),
)


def place_of_call(frame: FrameType) -> str:
    """Return the innermost place that led to a frame; empty when none of the site's own did."""
    return _first(traceback.walk_stack(frame))


def place_of_error(error: BaseException) -> str:
    """Return where an exception left the site's own code last; empty when it never was there."""
    return _first(reversed(list(traceback.walk_tb(error.__traceback__))))


def is_within(frame: FrameType, code: CodeType) -> bool:
    """Tell whether a function is under way around a frame."""
    return any(around.f_code is code for around, _ in traceback.walk_stack(frame))


def _first(frames: Iterable[tuple[FrameType, int]]) -> str:
    for frame, line in frames:
        if (file := _OURS(frame.f_code.co_filename)) is not None:
            return f"{file}:{line}"
    return ""
