"""Put together what there is to say about an address, by a rehearsal of it and a look at the site's Redis."""

from collections.abc import Iterator

from application.config import ROOT, Settings
from application.data.database import never_commit
from application.explaining.asking import Asked, Visit
from application.explaining.edge import at_the_edge
from application.explaining.explanation import Edge, Explanation, Finding, Step, Tier
from application.explaining.readers import sign_in
from application.explaining.refusals import hide_cookie
from application.explaining.routes import find_route
from application.explaining.statements import find_fault, put_together
from application.explaining.stored import Shelf, find_keys
from application.explaining.tiers import find_key, find_tier
from application.extensions import db
from application.measuring.timing import Measurement
from application.rehearsing.site import Build, rehearsal

NGINX = ROOT / "deploy" / "nginx.conf"
NOBODY = "a reader without an account"
TELLING = (
    "Content-Type",
    "Content-Encoding",
    "Cache-Control",
    "Vary",
    "ETag",
    "X-Accel-Expires",
    "Location",
    "Retry-After",
    "Set-Cookie",
    "X-Cache",
)
"""Headers that decide what becomes of an answer."""


def explain(build: Build, settings: Settings, path: str, reader: str | None, shelf: Shelf | None) -> Explanation:
    """Explain an address of the site as somebody sees it. Raises `RehearsalError`."""
    with rehearsal(build, settings, path, never_commit, checks=False) as site:
        # Not around the requests, which would share what each has for itself: who is signed in, what was loaded.
        with site.app.app_context():
            engine = db.engine
        site.await_memory()
        if reader is not None:
            sign_in(site, reader)
        visit = Visit(site, engine)
        made = visit.make()
        key = find_key(visit)
        keys = find_keys(key, made.measurement.root, visit.pages.backend, shelf)
        route = find_route(site.app, site.environ())
        page = next((one for one in keys if one.name == key), None)
        tier = find_tier(visit, made, route, page, None if shelf is None else shelf.problem)
        statements = put_together(made.heard, engine)
        sizes = dict(visit.sizes())
        workers = [] if shelf is None else shelf.workers()
    return Explanation(
        path=path,
        reader=reader or NOBODY,
        status=made.status,
        route=route,
        tier=tier,
        findings=[*_raised(made), *_not_cached(made, tier), *find_fault(statements)],
        keys=keys,
        statements=statements,
        spans=list(_steps(made.measurement)),
        bytes=sizes,
        headers=[(name, hide_cookie(name, value)) for name in TELLING for value in made.headers.getlist(name)],
        edge=_edge(path, made),
        workers=workers,
        redis="" if shelf is None else shelf.problem,
        broken=[],
    )


def _raised(made: Asked) -> Iterator[Finding]:
    if made.raised is not None:
        yield Finding("exception", made.raised.said, "")


def _not_cached(made: Asked, tier: Tier) -> Iterator[Finding]:
    """Yield why a page that is there is made for each reader, if that can be changed."""
    if made.status.startswith("200") and tier.made.startswith("bypass") and tier.change:
        yield Finding("not cached", tier.why, tier.change)


def _edge(path: str, made: Asked) -> Edge:
    config = NGINX.read_text("utf-8") if NGINX.exists() else ""
    return at_the_edge(config, path, made.status, made.headers)


def _steps(measurement: Measurement) -> Iterator[Step]:
    root = measurement.root
    for depth, span in root.walk():
        yield Step(depth, span.kind, span.name, span.note, span.started - root.started, span.elapsed, span.own)
    for kind, (calls, spent) in measurement.passed_over.items():
        yield Step(1, kind, f"{calls} more", "there was no room for them in the tree", 0, spent, spent)
