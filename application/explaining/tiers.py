"""Which tier of the running site answers, and why none does."""

from urllib.parse import unquote, urlsplit

from application.caching.keys import page_key
from application.caching.page_cache import declared
from application.caching.policy import soft_lifetime
from application.caching.wanted import PagePolicy
from application.explaining.asking import Asked, Visit
from application.explaining.explanation import Key, Route, Stored, Tier
from application.explaining.refusals import name_cookies, why_not

_WRITES = ("INSERT", "UPDATE", "DELETE")
MEMORY = "a worker that has it in memory answers from there (hit process); this command cannot look into one"


def find_key(visit: Visit) -> str:
    """Return the key of the page, empty for one that is never kept."""
    environ = visit.site.environ()
    policy, _ = visit.pages.consider(environ)
    return "" if policy is None else page_key(unquote(urlsplit(visit.site.path).path), declared(environ, policy))


def find_tier(visit: Visit, made: Asked, route: Route | None, page: Key | None, problem: str | None) -> Tier:
    """Say what answers. `problem` is why the site's Redis does not, None where the site has no such store."""
    policy, reason = visit.pages.consider(visit.site.environ())
    again = visit.ask_again()
    if policy is None:
        outcome, (why, change) = f"bypass {reason}", _why(reason, visit, made, route)
    elif problem:
        outcome, why = "bypass redis", f"{problem}; every page is made from the database"
        change = "bring Redis back: nothing else is needed"
    elif page is not None and page.stored is not None and not page.stored.doubt:
        outcome, why = _from_redis(page.stored, page.lifetime, policy)
        change = ""
    elif made.outcome.startswith("bypass"):
        outcome, (why, change) = made.outcome, _why(made.outcome.removeprefix("bypass "), visit, made, route)
    else:
        outcome, why, change = made.outcome, _not_there(page), ""
    return Tier(outcome, why, change, made.outcome, made.elapsed, again.outcome, again.elapsed)


def _from_redis(stored: Stored, lifetime: int | None, policy: PagePolicy) -> tuple[str, str]:
    lives = "without end" if stored.ttl is None else f"for {stored.ttl} s more"
    since = "" if stored.age is None else f"since {stored.age} s, "
    if lifetime and stored.age is not None and stored.age >= soft_lifetime(lifetime, policy.fresh):
        return "stale", f"it is in Redis {since}{lives}: due, so it is sent once more and made anew meanwhile; {MEMORY}"
    return "hit redis", f"it is in Redis {since}{lives}; {MEMORY}"


def _not_there(page: Key | None) -> str:
    stored = None if page is None else page.stored
    if stored is not None and stored.doubt:
        return f"the one in Redis is not believed ({stored.doubt}), so the next reader's request makes it"
    return "it is not in Redis, so the next reader's request makes it, and all others get that"


def _why(reason: str, visit: Visit, made: Asked, route: Route | None) -> tuple[str, str]:
    is_stream = made.headers.get("Content-Type", "").startswith("text/event-stream")
    if reason == "view" and is_stream:
        return "it is a stream, of which every reader has one of their own", ""
    look = visit.find_look() if reason == "view" else None
    why, change = why_not(
        "raised" if made.raised else reason if look is None else "look",
        view="" if route is None else f"{route.view} ({route.place})",
        status=made.status,
        cookies=name_cookies(made.headers.items()),
        control=made.headers.get("Cache-Control", ""),
        vary=made.headers.get("Vary", ""),
        look=f" at {look}" if look else "",
        raised="" if made.raised is None else made.raised.short,
    )
    if reason == "write":
        writes = [run for run in made.heard if run.sql.lstrip().upper().startswith(_WRITES)]
        why += "".join(f": {' '.join(run.sql.split()[:3])} at {run.place}" for run in writes[:1])
    return why, change
