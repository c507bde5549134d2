"""The profilers, on things whose cost is known beforehand."""

from pathlib import Path
from typing import Any

import pytest

from application.measuring import profiling
from application.measuring.growth import profile_memory
from application.measuring.profiling import ProfilerMissingError, ours_in, profile_cpu, profile_lines

HERE = Path(__file__)
OURS = ours_in(HERE.parent, ("",))
SLOW, QUICK = 400_000, 2_000


class Ticket:
    """What a planted leak leaves behind."""

    def __init__(self, number: int) -> None:
        self.number = number


def count(steps: int) -> int:
    return sum(range(steps))


def slow() -> int:
    return count(SLOW)


def quick() -> int:
    return count(QUICK)


def act() -> None:
    quick()
    slow()


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(HERE.read_text("utf-8").splitlines(), 1) if text in line)


def test_the_slow_function_is_on_the_hot_path_with_its_place() -> None:
    profile = profile_cpu(act, 30, OURS)
    (top,) = (one for one in profile.root.walk() if one.name == "act")
    hottest = top.slowest_first()[0]
    assert hottest.name == "slow"
    assert hottest.place == f"{HERE.name}:{line_of('def slow')}"
    assert hottest.total > 0.5 * profile.root.total
    assert profile.by_function()[0].name == "count"
    assert "<html" in profile.html


def test_what_is_nobodys_own_counts_for_who_called_it() -> None:
    profile = profile_cpu(lambda: sorted(map(str, range(20_000))) and None, 30, ours_in(HERE.parent, ("nowhere/",)))
    assert profile.root.calls == {}
    assert profile.root.alone == profile.root.total > 0


def test_what_is_done_before_each_time_is_not_looked_at() -> None:
    names = {one.name for one in profile_cpu(quick_only, 30, OURS, before=lambda: slow() and None).root.walk()}
    assert "slow" not in names


def quick_only() -> None:
    for _ in range(50):
        quick()


def test_every_line_is_counted_and_timed() -> None:
    def halves() -> None:
        for _ in range(3):
            quick()
        slow()

    ((place, lines),) = profile_lines(halves, 4, [halves]).items()
    assert place == f"{HERE}:{line_of('def halves')}"
    by_source = {line.source.strip(): line for line in lines}
    assert by_source["quick()"].hits == 3
    assert by_source["slow()"].hits == 1
    assert by_source["slow()"].elapsed == max(line.elapsed for line in lines)


def test_a_function_that_is_not_called_has_no_lines() -> None:
    assert profile_lines(lambda: None, 2, [slow]) == {}


def test_a_leak_is_named_by_type_and_place() -> None:
    kept: list[Any] = []

    def leak() -> None:
        kept.append(Ticket(len(kept)))  # the planted leak

    (grown,) = [one for one in profile_memory(leak, 20, OURS).grown if one.place.startswith(HERE.name)]
    assert grown.place == f"{HERE.name}:{line_of('the planted leak')}"
    assert grown.types == {f"{Ticket.__module__}.Ticket": 1.0}
    assert grown.size > 0
    assert any("the planted leak" in line for line in grown.trace)


def test_what_only_replaces_the_old_does_not_grow() -> None:
    shelf: dict[str, Any] = {}

    def replace() -> None:
        shelf["one"] = Ticket(1)

    profile = profile_memory(replace, 20, OURS)
    assert [one for one in profile.grown if one.place.startswith(HERE.name)] == []


def test_the_peak_of_one_time_is_told() -> None:
    def take() -> None:
        bytearray(500_000)

    assert 500_000 <= profile_memory(take, 3, OURS).peak < 600_000


def test_a_profiler_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(profiling.importlib.sys.modules, "pyinstrument", None)
    with pytest.raises(ProfilerMissingError, match="pyinstrument"):
        profile_cpu(act, 1, OURS)
