"""What the profilers found, in words for a terminal."""

from collections.abc import Iterator

from application.measuring.growth import MemoryProfile
from application.measuring.profiling import CpuProfile, Function, Line, Ours

LEAST = 0.03
"""Part of the whole below which a function is left out of the path."""
HOT = 0.1
"""Part of its function from which on a line is marked."""
MOST = 12


def tell_cpu(profile: CpuProfile) -> Iterator[str]:
    """Tell the path by the site's own functions, then which of them takes most by itself."""
    whole = max(1, profile.root.total)
    yield f"{_time(whole).strip()} each time; the way through the site's own functions, with all that each calls:"
    yield from _path(profile.root, whole, "")
    yield "in each of them alone, libraries that it calls included:"
    for one in profile.by_function()[:MOST]:
        if one.total >= LEAST * whole:
            yield f"{_time(one.total)} {one.total / whole:5.0%}  {_called(one.name, one.place)}"


def tell_lines(profile: dict[str, list[Line]], ours: Ours) -> Iterator[str]:
    """Tell each line that ran: what it took each time, its part of the function, how often it ran."""
    for place, lines in profile.items():
        whole = max(1, sum(line.elapsed for line in lines))
        yield f"{ours(place) or place}, {_time(whole).strip()} each time"
        for line in lines:
            part = line.elapsed / whole
            mark = ">" if part >= HOT else " "
            yield f"{mark}{_time(line.elapsed)} {part:5.0%} {line.hits:6.1f} x  {line.number:4}  {line.source}"


def tell_memory(profile: MemoryProfile, *, everything: bool = False) -> Iterator[str]:
    """Tell the peak, and what stays: with how it came there, where everything is wanted."""
    yield f"{profile.peak:,} B at the peak of each time; {profile.stays:+,.0f} B stay each time"
    if not profile.grown:
        yield "nothing grows from one request to the next"
        return
    yield "what grows from one request to the next:"
    for one in profile.grown if everything else profile.grown[:MOST]:
        types = ", ".join(f"{count:.3g} {name}" for name, count in one.types.items()) or "text, bytes or numbers"
        yield f"{one.size:+10,.0f} B {one.blocks:6.1f} blocks  {one.place}  {types}"
        if everything:
            yield from (f"        {line}" for line in one.trace)


def _path(one: Function, whole: int, indent: str) -> Iterator[str]:
    """Tell what a function called; where that was one thing, the next line stands under it, not beside it."""
    calls = [called for called in one.slowest_first() if called.total >= LEAST * whole]
    for called in calls:
        yield f"{_time(called.total)} {called.total / whole:5.0%}  {indent}{_called(called.name, called.place)}"
        yield from _path(called, whole, indent if len(calls) == 1 else f"{indent}  ")


def _called(name: str, place: str) -> str:
    return name if place in name else f"{name}  {place}"


def _time(nanoseconds: int) -> str:
    return f"{nanoseconds:>13,} ns"
