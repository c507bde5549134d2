"""Statements that were heard, put together: runs of the same one, its plan, and what is wrong with it."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Engine

from application.data.plans import BIG, Scan, Sort, find_scans, find_sorts, read_plan
from application.data.wording import fold, short
from application.explaining.explanation import Finding, Run, Statement
from application.explaining.recorder import Heard

MANY = 3
"""Runs with other values each from which on they are one statement too many times."""


def put_together(heard: Iterable[Heard], engine: Engine) -> list[Statement]:
    """Return each statement once, in the order in which they were first asked."""
    groups: dict[str, list[Heard]] = {}
    for run in heard:
        groups.setdefault(fold(run.sql), []).append(run)
    return [_statement(sql, runs, engine) for sql, runs in groups.items()]


def _statement(sql: str, heard: list[Heard], engine: Engine) -> Statement:
    first = heard[0]
    with engine.connect() as connection:
        plan = read_plan(connection, first.sql, first.values)
        scans = find_scans(connection, first.sql, plan)
        sorts = find_sorts(connection, first.sql, plan)
    different = {repr(run.values) for run in heard}
    runs = [Run(run.elapsed, run.rows, run.place) for run in heard]
    return Statement(sql, runs, len(heard) - len(different), plan, scans, sorts)


def find_fault(statements: Iterable[Statement]) -> Iterator[Finding]:
    """Yield what is wrong: statements that are asked again and again, and rows that are read in vain."""
    for one in statements:
        times, place = len(one.runs), one.runs[0].place
        said = f"{short(one.sql)}{f'  at {place}' if place else ''}"
        if times - one.twice >= MANY:
            what = f"N+1: {times} times the same statement with other values: {said}"
            yield Finding("repeated statement", what, "ask once for all of them, by WHERE … IN (…) or a JOIN")
        elif one.twice:
            what = f"asked again with the same values, {_times(one.twice)}: {said}"
            yield Finding("same statement again", what, "ask once and hand the answer on")
        for scan in one.scans:
            if scan.is_big:
                yield from _scan(scan, said)
        for sort in one.sorts:
            yield _sort(sort, said)


def _scan(scan: Scan, said: str) -> Iterator[Finding]:
    yield Finding(
        "full scan",
        f"{scan.part} is read, {BIG:,} rows or more: {said}",
        "let an index serve the condition or the order, or ask for less",
    )
    for column in scan.columns:
        what = f"no index begins with {scan.table}.{column}, which is compared here: {said}"
        yield Finding("missing index", what, f"add an index on {scan.table} ({column}) by a migration")


def _sort(sort: Sort, said: str) -> Finding:
    what = f"{BIG:,} rows or more of {sort.table} may be read and sorted for the first few: {said}"
    begin = f"begins with {', '.join(sort.columns)} and goes on" if sort.columns else "begins"
    return Finding("sort", what, f"add an index on {sort.table} that {begin} with what is ordered by, by a migration")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
