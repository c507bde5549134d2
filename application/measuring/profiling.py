"""Profiles of something that is done again and again: where its time goes, by function and by line.

They know nothing of the site; they are told which folders hold one's own functions. Only commands use them, so the
profilers are loaded when they are asked for: a web worker never has them.
"""

import importlib
import linecache
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

INTERVAL = 0.001
"""Seconds between two looks at the stack."""
Act = Callable[[], None]
Ours = Callable[[str], str | None]
"""Gives the short name of a file that is one's own, None for all others."""


class ProfilerMissingError(Exception):
    """The profiler that was asked for is not installed; the text names it."""


@dataclass(slots=True)
class Function:
    """One of one's own functions where it was called, and the nanoseconds that it took with all below it."""

    name: str
    place: str
    total: int = 0
    calls: dict[str, "Function"] = field(default_factory=dict)

    @property
    def alone(self) -> int:
        """Return what was spent here and in libraries, not in functions of one's own further down."""
        return self.total - sum(called.total for called in self.calls.values())

    def slowest_first(self) -> list["Function"]:
        """Return what it called."""
        return sorted(self.calls.values(), key=lambda one: -one.total)

    def walk(self) -> Iterator["Function"]:
        """Yield it and all below it."""
        yield self
        for called in self.calls.values():
            yield from called.walk()


@dataclass(frozen=True, slots=True)
class CpuProfile:
    """Where the time went, for one time in nanoseconds, and the profiler's own page about it."""

    root: Function
    html: str

    def by_function(self) -> list[Function]:
        """Return each function once, with what was spent in it alone, the slowest first."""
        seen: dict[str, Function] = {}
        for one in self.root.walk():
            known = seen.setdefault(f"{one.name} {one.place}", Function(one.name, one.place))
            known.total += one.alone
        return sorted(seen.values(), key=lambda one: -one.total)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of source: how often it ran and what it took, for one time."""

    number: int
    hits: float
    elapsed: int
    source: str


def ours_in(root: Path, folders: Sequence[str], without: Sequence[str] = ()) -> Ours:
    """Tell the files in these folders of the root from all others."""
    inside, outside = (tuple(f"{root}/{part}" for part in parts) for parts in (folders, without))

    def ours(path: str) -> str | None:
        return path.removeprefix(f"{root}/") if path.startswith(inside) and not path.startswith(outside) else None

    return ours


def profile_cpu(act: Act, times: int, ours: Ours, before: Act | None = None) -> CpuProfile:
    """Look at the stack every millisecond while it is done so often. Raises `ProfilerMissingError`.

    `before` is done each time too, and not looked at.
    """
    profiler = _load("pyinstrument").Profiler(interval=INTERVAL)
    if before is None:
        with profiler:
            for _ in range(times):
                act()
    else:
        for _ in range(times):
            before()
            with profiler:
                act()
    top = Function("(around them)", "")
    frame = profiler.last_session.root_frame(trim_stem=False)
    if frame is not None:
        top.total = _per_time(frame.time, times)
        _fold(frame, top, times, ours)
    return CpuProfile(top, profiler.output_html())


def profile_lines(
    act: Act, times: int, functions: Sequence[FunctionType], before: Act | None = None
) -> dict[str, list[Line]]:
    """Time every line of these functions; by place. Raises `ProfilerMissingError`."""
    profiler = _load("line_profiler").LineProfiler(*functions)
    for _ in range(times):
        if before is not None:
            before()
        profiler.enable_by_count()
        try:
            act()
        finally:
            profiler.disable_by_count()
    stats = profiler.get_stats()
    return {
        f"{file}:{first}": [
            Line(number, hits / times, int(spent * stats.unit * 1e9 / times), linecache.getline(file, number).rstrip())
            for number, hits, spent in lines
        ]
        for (file, first, _name), lines in stats.timings.items()
        if lines
    }


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ProfilerMissingError(name) from error


def _fold(frame: Any, caller: Function, times: int, ours: Ours) -> None:
    """Add the time of a frame and all below it to the functions that are one's own."""
    for called in frame.children:
        file = ours(called.file_path or "")
        if file is None:
            _fold(called, caller, times, ours)
            continue
        name, place = _named(called, file)
        known = caller.calls.setdefault(f"{name} {place}", Function(name, place))
        known.total += _per_time(called.time, times)
        _fold(called, known, times, ours)


def _named(frame: Any, file: str) -> tuple[str, str]:
    if not file.endswith(".py"):
        # A template's functions are its blocks, and their lines are those of what it was compiled to.
        block = frame.function.removeprefix("block_")
        return (file if block == "root" else f"{file}, block {block}"), file
    owner = f"{frame.class_name}." if frame.class_name else ""
    return owner + frame.function, f"{file}:{frame.line_no}"


def _per_time(seconds: float, times: int) -> int:
    return int(seconds * 1e9 / times)
