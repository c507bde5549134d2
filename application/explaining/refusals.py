"""Why a page is not kept for everybody, in a sentence, and what would have to change."""

from collections.abc import Iterable

_SHARED = "if what it shows is the same for everybody"
_REFUSALS = {
    "view": (
        "nothing asks for it to be cached: the view {view} is not decorated",
        f"put @cache.cached(timeout=…) on it, {_SHARED}",
    ),
    "look": (
        "the view {view} is not cached, and looks at the session{look}, so what it shows may be one reader's own",
        "nothing, where it is; otherwise leave the session alone, and put @cache.cached(timeout=…) on it",
    ),
    "raised": ("it is answered with {status}: {raised} is raised", "mend what is raised"),
    "address": ("no route of the site is like this address, it asks for another spelling, or it takes no GET", ""),
    "status": (
        "it is answered with {status}; kept are 200, and a permanent redirect that data tells",
        "nothing: such an answer is for one request",
    ),
    "set-cookie": (
        "the answer sets a cookie: {cookies}",
        f"set it in an answer of its own, as to a form or to /me, {_SHARED}",
    ),
    "private": ("the view says Cache-Control: {control}", f"let it say nothing, {_SHARED}"),
    "vary": (
        "the view says Vary: {vary}; only Accept-Encoding is kept apart",
        "leave the header away, or give each form an address of its own",
    ),
    "write": (
        "something is written to the database while the page is made",
        "write in answer to a POST, or in a job",
    ),
    "unless": ("the `unless` of its decorator says so", "change that condition"),
    "filter": ("the `response_filter` of its decorator turns it down", "change that filter"),
    "cursor": (
        "it begins at a place of the list that somebody made up, of which there are endless ones",
        "nothing: addresses that pages link to are kept",
    ),
    "redis": ("Redis does not answer, has no room, or CACHE_TYPE chose another store", "look at Redis"),
    "race": ("writes overtook it each time it was made", "ask again"),
    "method": ("only GET and HEAD are answered from the cache", ""),
    "host": ("the host is not one of the site's", ""),
    "authorization": ("the request brings a token", ""),
}


def why_not(reason: str, **facts: str) -> tuple[str, str]:
    """Return why a page was not kept, and what to change. A reason of the site's own is given as it is."""
    why, change = _REFUSALS.get(reason, (f"what it was made from must not be kept: {reason}", ""))
    return why.format(**facts), change


def name_cookies(headers: Iterable[tuple[str, str]]) -> str:
    """Name the cookies that an answer sets, without what is in them."""
    return ", ".join(value.partition("=")[0].strip() for name, value in headers if name.lower() == "set-cookie")


def hide_cookie(name: str, value: str) -> str:
    """Return a header's value; of a cookie only its name and what it says about itself."""
    if name.lower() != "set-cookie":
        return value
    cookie, _, attributes = value.partition(";")
    return f"{cookie.partition('=')[0]}=…;{attributes}"
