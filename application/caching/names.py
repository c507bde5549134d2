"""What things are called in Redis, by whichever release: the plain names, or those with its id in them."""

import re
from urllib.parse import quote

LEASE = "broadsheet:lease:"
SPARE = "broadsheet:spare:"
_PART = re.compile(r"@[^/]*/")


def part_of(release: str) -> str:
    """Return what stands in the names of a release that does not have the plain ones."""
    return f"@{quote(release, safe='')}/"


class Names:
    """What one release calls its values by now: `base` and the key, with its own part in between unless that is ''."""

    __slots__ = ("base", "part", "prefix", "spares")

    def __init__(self, base: str, part: str = "") -> None:
        self.base = base
        self.part = part
        self.prefix = base + part
        self.spares = SPARE + part

    def full(self, said: str) -> str:
        """Return the whole name of a key as it is said: a key of one's own, `@<release>/<key>`, or a whole name."""
        if said.startswith(self.base):
            return said
        return (self.base if _PART.match(said) else self.prefix) + said

    def short(self, name: str) -> str:
        """Say a whole name as `full` understands it: nothing before a key of one's own."""
        for start in (self.prefix, self.base):
            if name.startswith(start) and self.full(said := name[len(start) :]) == name:
                return said
        return name

    def release_part(self, name: str) -> str:
        """Return the part of a release that a whole name has, or ''."""
        found = _PART.match(name, len(self.base)) if name.startswith(self.base) else None
        return found[0] if found else ""

    def owns(self, name: str) -> bool:
        """Tell whether a value of this whole name is this release's to make."""
        return self.release_part(name) == self.part

    def key_of(self, name: str) -> str:
        """Return the key that a whole name is of, in whichever release."""
        return name[len(self.base) + len(self.release_part(name)) :] if name.startswith(self.base) else name

    def tags_of(self, name: str) -> list[str]:
        """Return the tags that forget the value of this whole name, the one that names it first.

        A key is forgotten in every process, whatever its release; the value of another release is named besides.
        """
        tag, part = f"key/{self.key_of(name)}", self.release_part(name)
        return [tag] if part in {"", self.part} else [f"key/{part}{self.key_of(name)}", tag]
