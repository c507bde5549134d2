"""What nginx, as `deploy/nginx.conf` sets it up, and any other cache in front would do with an answer."""

import re
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from application.explaining.explanation import Edge

_LOCATION = re.compile(r"^( *)location\s+(?:(=|~\*?|\^~)\s+)?(\S+)\s*\{\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Location:
    """A `location` of the file: how it is matched, with what, and what stands in it."""

    kind: str
    pattern: str
    body: str

    @property
    def name(self) -> str:
        """Return it as the file has it."""
        return " ".join(part for part in ("location", self.kind, self.pattern) if part)


def at_the_edge(config: str, path: str, status: str, headers: Headers) -> Edge:
    """Say what becomes of an answer on its way out."""
    location = find_location(read_locations(config), path.partition("?")[0])
    others = _others(headers.get("Cache-Control", ""))
    if location is None:
        return Edge("", False, "there is no such location in deploy/nginx.conf", others)
    keeps, does = _judge(location, status, headers)
    return Edge(location.name, keeps, does, others)


def read_locations(config: str) -> list[Location]:
    """Read the locations that an address can meet; one ends at the brace that stands as far to the right."""
    found = []
    for start in _LOCATION.finditer(config):
        indent, kind, pattern = start.groups()
        end = config.find(f"\n{indent}}}", start.end())
        if not pattern.startswith("@"):
            found.append(Location(kind or "", pattern, config[start.end() : end]))
    return found


def find_location(locations: list[Location], path: str) -> Location | None:
    """Choose as nginx does: the exact one, the longest beginning if it ends the search, a pattern, the beginning."""
    for one in locations:
        if one.kind == "=" and one.pattern == path:
            return one
    begins = [one for one in locations if one.kind in {"", "^~"} and path.startswith(one.pattern)]
    longest = max(begins, key=lambda one: len(one.pattern), default=None)
    if longest is not None and longest.kind == "^~":
        return longest
    for one in locations:
        if one.kind in {"~", "~*"} and re.search(one.pattern, path, re.IGNORECASE if one.kind == "~*" else 0):
            return one
    return longest


def _judge(location: Location, status: str, headers: Headers) -> tuple[bool, str]:
    if "try_files" in location.body:
        return True, "sends the file itself, for a year, when ?v= is its fingerprint; otherwise the site is asked"
    if "proxy_cache " not in location.body:
        unbuffered = ", and hands each piece over as it comes" if "proxy_buffering off" in location.body else ""
        return False, f"asks the site every time{unbuffered}"
    if "Set-Cookie" in headers:
        return False, "keeps nothing: the answer sets a cookie"
    seconds = headers.get("X-Accel-Expires", "0")
    if seconds == "0":
        return False, f"keeps nothing: the site did not allow it for this answer ({status}), by X-Accel-Expires"
    return True, (
        f"keeps it for {seconds} s at most, then asks the site by ETag; whoever has just written (cookie seen) "
        "or sends a token goes past it"
    )


def _others(said: str) -> str:
    if "no-store" in said or "private" in said:
        return f"a CDN or browser keeps nothing ({said})"
    if "no-cache" in said:
        return "a CDN or browser may keep it, and must ask the site by ETag before each use (no-cache)"
    return f"a CDN or browser goes by: {said}" if said else "a CDN or browser may guess: there is no Cache-Control"
