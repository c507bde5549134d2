"""What is in memory and was put there while tracemalloc looked on, by place and by type."""

import ctypes
import gc
import sys
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field

from application.measuring.profiling import Ours

_HEAD = 4 * ctypes.sizeof(ctypes.c_void_p)
_trace_at = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_uint, ctypes.c_size_t)(
    ("_PyTraceMalloc_GetTraceback", ctypes.pythonapi)
)


@dataclass(frozen=True, slots=True)
class Look:
    """Bytes, blocks, types of what holds others, and one way how it came there: all by place."""

    sizes: Counter[str] = field(default_factory=Counter)
    blocks: Counter[str] = field(default_factory=Counter)
    types: dict[str, Counter[str]] = field(default_factory=dict)
    traces: dict[str, tracemalloc.Traceback] = field(default_factory=dict)


def take_look(ours: Ours) -> Look:
    """Look at what is there now, but for what the looks themselves have put there."""
    gc.collect()
    look = Look()
    own = tracemalloc.Filter(False, __file__, all_frames=True)
    for statistic in tracemalloc.take_snapshot().filter_traces([own]).statistics("traceback"):
        place = _place(statistic.traceback, ours)
        look.sizes[place] += statistic.size
        look.blocks[place] += statistic.count
        look.traces.setdefault(place, statistic.traceback)
    for thing in gc.get_objects():
        trace = _trace_of(thing)
        if trace is not None and all(frame.filename != __file__ for frame in trace):
            look.types.setdefault(_place(trace, ours), Counter())[_type(thing)] += 1
    return look


def _trace_of(thing: object) -> tracemalloc.Traceback | None:
    """Return where a thing was made.

    Python 3.11 puts two words more in front of an instance whose attributes may be any, and does not look there.
    """
    trace = tracemalloc.get_object_traceback(thing)
    if trace is not None or sys.version_info >= (3, 12):
        return trace
    frames = _trace_at(0, id(thing) - _HEAD)
    return None if frames is None else tracemalloc.Traceback(frames)


def _place(trace: tracemalloc.Traceback, ours: Ours) -> str:
    """Return the innermost line of one's own, or the innermost of all; the last frame is the innermost."""
    for frame in reversed(trace):
        if (file := ours(frame.filename)) is not None:
            return f"{file}:{frame.lineno}"
    return f"{trace[-1].filename}:{trace[-1].lineno}"


def _type(thing: object) -> str:
    kind = type(thing)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
