"""What there is to say about an address: plain facts, for people and for programs alike. Times are nanoseconds."""

from msgspec import Struct

from application.caching.reporting import Worker
from application.data.plans import Scan, Sort

FORMAT = 1


class Route(Struct, frozen=True):
    """The rule that the address matches, and the function behind it, by name and place."""

    rule: str
    endpoint: str
    view: str
    place: str


class Tier(Struct, frozen=True):
    """What answers a reader of the running site now, why, and what would have to change for a nearer tier to do it.

    `outcome` is in the words of `X-Cache`; `made` is the outcome where nothing is stored yet, `again` the one after.
    """

    outcome: str
    why: str
    change: str
    made: str
    made_ns: int
    again: str
    again_ns: int


class Stored(Struct, frozen=True):
    """A value in the site's Redis: seconds to live (None: no end) and since it was stored, bytes, recent hits."""

    ttl: int | None
    age: int | None
    size: int
    heat: float | None
    doubt: str
    """Why it would not be believed; empty when it would be."""


class Key(Struct, frozen=True):
    """A value that the page is, or was made from. `made` is what became of it in this run; `lifetime` is in seconds."""

    name: str
    kind: str
    made: str
    size: int | None
    lifetime: int | None
    tags: tuple[str, ...]
    stored: Stored | None


class Run(Struct, frozen=True):
    """One time that a statement ran: how long, with fetching, the rows that were fetched or touched, and who asked."""

    elapsed_ns: int
    rows: int | None
    place: str


class Statement(Struct, frozen=True):
    """A statement, every run of it, and the database's plan for the first; `twice` are runs with the same values."""

    sql: str
    runs: list[Run]
    twice: int
    plan: list[str]
    scans: list[Scan]
    sorts: list[Sort]

    @property
    def elapsed_ns(self) -> int:
        """Return what all runs took."""
        return sum(run.elapsed_ns for run in self.runs)


class Finding(Struct, frozen=True):
    """Something that costs time, and what to do about it. `kind` is one of a few words."""

    kind: str
    what: str
    change: str


class Step(Struct, frozen=True):
    """A span: how deep in the tree, when it began after the request, how long it took, and how much of that alone."""

    depth: int
    kind: str
    name: str
    note: str
    began_ns: int
    elapsed_ns: int
    own_ns: int


class Edge(Struct, frozen=True):
    """What nginx does with the answer by `deploy/nginx.conf`, and what another cache in front may do."""

    location: str
    keeps: bool
    nginx: str
    others: str


class Explanation(Struct, frozen=True):
    """All of it."""

    path: str
    reader: str
    status: str
    route: Route | None
    tier: Tier
    findings: list[Finding]
    keys: list[Key]
    statements: list[Statement]
    spans: list[Step]
    bytes: dict[str, int]
    headers: list[tuple[str, str]]
    edge: Edge
    workers: list[Worker]
    redis: str
    """Why the site's Redis could not be looked at; empty when it was."""
    broken: list[str]
    """Budgets that were broken."""
    format: int = FORMAT

    @property
    def queries(self) -> int:
        """Return how many statements ran."""
        return sum(len(statement.runs) for statement in self.statements)
