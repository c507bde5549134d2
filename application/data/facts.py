"""What there is to say about the database itself: its statements, their plans, its tables and indexes."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from application.data.plans import BIG, Scan, Sort
from application.data.wording import short

Order = Literal["mean", "total", "longest", "calls"]
Constraint = Literal["", "primary key", "unique"]
Counted = Literal["exact", "measured", "estimate", "at least"]
"""`measured` is exact when the file was read; an `estimate` is the planner's."""


class Plan(Struct, frozen=True):
    """How the database would find the rows of a statement, whatever the values; `why_not` when that is not known."""

    lines: tuple[str, ...] = ()
    scans: tuple[Scan, ...] = ()
    sorts: tuple[Sort, ...] = ()
    indexes: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def is_bad(self) -> bool:
        """Tell whether a big table is read from end to end, or much of it sorted for a few rows."""
        return bool(self.sorts) or any(scan.is_big for scan in self.scans)

    @property
    def says(self) -> str:
        """Say it in a line: what is read from end to end or sorted, and which indexes are looked into."""
        if self.why_not:
            return self.why_not
        if not self.lines:
            return "adds rows, looks none up"
        scans = [f"reads {scan.part} ({f'{BIG:,} rows or more' if scan.is_big else scan.rows})" for scan in self.scans]
        sorts = [f"sorts {BIG:,} rows or more of {sort.table} for the first few" for sort in self.sorts]
        parts = [*scans, *sorts, *([f"by {', '.join(self.indexes)}"] if self.indexes else [])]
        return "; ".join(parts) or "reads no table from end to end"


class StatementFacts(Struct, frozen=True):
    """One statement, however many values its lists had, and what it took; `share` is its part of all their time."""

    id: str
    sql: str
    calls: int
    share: float
    total_ms: float
    mean_ms: float
    longest_ms: float
    plan: Plan

    @property
    def short(self) -> str:
        """Return so much of it as tells it from others."""
        return short(self.sql)


class Statements(Struct, frozen=True):
    """The statements of a window, those first that lead in the order asked for; times are Unix times."""

    window: str
    since: int | None
    until: int
    lost: int
    left_out: int
    order: Order
    calls: int
    total_ms: float
    statements: tuple[StatementFacts, ...]


class IndexFacts(Struct, frozen=True):
    """An index; `constraint` is what it keeps, `parent` the table whose deletions look through it.

    `uses` are scans, on SQLite statements whose plans read it; None where that is not known.
    """

    name: str
    table: str
    columns: str
    constraint: Constraint
    parent: str
    is_partial: bool
    bytes: int | None
    uses: int | None

    @property
    def serves(self) -> str:
        """Say what needs it without being counted as a use."""
        return f"for deletions from {self.parent}" if self.parent and not self.constraint else ""

    @property
    def is_useless(self) -> bool:
        """Tell whether nothing is known to need it."""
        return self.uses == 0 and not self.constraint and not self.parent


class TableFacts(Struct, frozen=True):
    """A table: its rows, its bytes without indexes, and those of its indexes; None is not known."""

    name: str
    rows: int
    counted: Counted
    bytes: int | None
    index_bytes: int | None


class Pages(Struct, frozen=True):
    """Bytes and rows by the name of a table or index, as a file of SQLite's had them; `why` when that is not known."""

    bytes: dict[str, int]
    rows: dict[str, int]
    why: str
    at: datetime | None


class DatabaseFacts(Struct, frozen=True):
    """The database: bytes of all of it, its largest tables and indexes first."""

    system: str
    bytes: int
    free_bytes: int
    tables: tuple[TableFacts, ...]
    indexes: tuple[IndexFacts, ...]
    sizes: str
    """Why sizes are missing, or when they were measured."""
    uses: str
    """What the uses of indexes are, and since when."""

    @property
    def useless(self) -> tuple[IndexFacts, ...]:
        """Return the indexes that nothing is known to need."""
        return tuple(index for index in self.indexes if index.is_useless)

    @property
    def useless_bytes(self) -> int:
        """Return what those take, as far as that is known."""
        return sum(index.bytes or 0 for index in self.useless)
