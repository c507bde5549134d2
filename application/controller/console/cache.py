"""The cache: what it earns, which keys it holds, what each is, and which write forgot what."""

from flask import abort, current_app, request

from application.caching.backend import RedisBackend
from application.caching.inspector import pretty, show
from application.caching.keys import page_address
from application.caching.purges import latest
from application.caching.statistics import OUTCOMES, gather, read_workers
from application.caching.walking import LONGEST_PATTERN, SHOWN, find_keys
from application.caching.worth import appraise
from application.caching.writing_down import PURGES
from application.controller.console import frame
from application.controller.console.frame import blueprint, operators_only
from application.controller.console.performance import asked_window
from application.extensions import cache as site_cache
from application.measuring.windows import WINDOWS

LATEST = 10
"""Entries of the log of forgetting that the first page shows."""
LONGEST_VALUE = 20_000
"""Characters of a value that are shown; `flask cache show` has all of it."""


@blueprint.get("/cache")
@operators_only
def cache() -> str:
    """Show what each cache earns, how often it is hit, and what was forgotten lately."""
    name = asked_window()
    backend = site_cache.engine
    if backend is None:
        return frame.show("cache", earnings=None, name=name)
    return frame.show(
        "cache",
        earnings=appraise(current_app.extensions[WINDOWS], backend, name),
        statistics=gather(backend),
        purges=latest(backend.client, LATEST),
        outcomes=OUTCOMES,
        name=name,
    )


@blueprint.get("/cache/keys")
@operators_only
def cache_keys() -> str:
    """List stored values, by a part of their names."""
    backend = engine()
    wanted = request.args.get("filter", "").strip()[:LONGEST_PATTERN]
    start = request.args.get("from", "0")
    if not (start.isascii() and start.isdigit() and int(start[:30]) < 2**64):
        abort(400, "This is not a place in the list.")
    listing = find_keys(backend, wanted, int(start))
    return frame.show(
        "cache",
        "cache_keys",
        listing=listing,
        wanted=wanted,
        start=int(start),
        most=SHOWN,
        names=backend.names,
        workers=read_workers(backend.client),
    )


@blueprint.get("/cache/key")
@operators_only
def cache_key() -> tuple[str, int]:
    """Show one value: what it is, since when, made from what, and whether it would be believed."""
    backend = engine()
    key = backend.names.short(request.args.get("name", ""))
    found = show(backend, key) if key else None
    value = ""
    if found is not None and found.page is not None:
        value = found.bodies.get("identity", b"").decode(errors="replace")
    elif found is not None:
        value = found.raw.decode(errors="backslashreplace") if found.entry is None else pretty(found.entry.value)
    facts = {"key": key, "shown": found, "value": value[:LONGEST_VALUE], "left_out": len(value) - LONGEST_VALUE}
    # What follows the first part of a page's key is its address, in the spelling of one.
    facts["address"] = key.removeprefix("view/") if page_address(key) is not None else ""
    return frame.show("cache", "cache_key", **facts), 200 if found is not None or not key else 404


@blueprint.get("/cache/purges")
@operators_only
def cache_purges() -> str:
    """List what was forgotten by which write, the latest first."""
    return frame.show("cache", "cache_purges", purges=latest(engine().client), most=PURGES)


def engine() -> RedisBackend:
    """Return the store that keeps tags and an order of changes; 404 where the site has another."""
    backend = site_cache.engine
    if backend is None:
        abort(404, "CACHE_TYPE is not RedisCache, so there are no keys to look at.")
    return backend
