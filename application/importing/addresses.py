"""Where a post used to stand, and how other posts refer to it."""

import posixpath
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from application.importing.dates import without_date
from application.importing.problems import ImportProblem
from application.importing.sites import CONTENT_FOLDERS
from application.utils.sanitising import ID_PREFIX
from application.utils.text import fold_address

OLD_ADDRESS_FIELDS = (
    "aliases",
    "alias",
    "redirect_from",
    "redirects",
    "old_urls",
    "old_url",
    "tumblr_url",
    "wordpress_url",
    "blogger_orig_url",
)
OWN_ADDRESS_FIELDS = ("permalink", "path", "url")
LIMIT, MOST = 500, 1000
ARTICLES = "/articles/"
"""Before the slugs of this site's own articles."""

_INDEX_NAMES = frozenset({"index", "_index", "readme"})
_PLACEHOLDERS = ("{", ":", "<", "[")


def file_name(path: str) -> str:
    """Return what names a post among its files: the file's name, or its folder's for "index.md", without ending."""
    folder, _, name = path.rpartition("/")
    stem = posixpath.splitext(name)[0]
    if stem.lower().split(".")[0] in _INDEX_NAMES and folder:
        return folder.rpartition("/")[2]
    return stem


def own_address(fields: Mapping[str, Any]) -> str:
    """Return the address that a post's own fields give it, "" if they give none or a pattern."""
    for key in OWN_ADDRESS_FIELDS:
        value = fields.get(key)
        if (
            isinstance(value, str)
            and value.strip()
            and not any(mark in value for mark in _PLACEHOLDERS if mark != ":" or "/:" in value)
        ):
            return value.strip()
    return ""


def old_addresses(path: str, fields: Mapping[str, Any], slug: str, days: Iterable[date]) -> tuple[str, ...]:
    """Return the folded addresses at which a post may be linked to, the likeliest of its own first.

    `slug` is the last part of its address at home; `days` are those under which it may have been filed.
    """
    guessed = [f"/{day:%Y/%m/%d}/{slug}{ending}" for day in days for ending in ("", ".html")]
    found = [own] if (own := own_address(fields)) else guessed + _by_folder(path)
    return tuple(a for a in _folded([*found, *_left_behind(fields)]) if len(a) <= LIMIT)


def explicit_addresses(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folded addresses that a post's fields name, of any length; all others of it are guesses.

    Raises `ImportProblem`.
    """
    named = _folded([own_address(fields), *_left_behind(fields)])
    if len(named) > MOST:
        raise ImportProblem(f"it names more than {MOST:,} old addresses")
    return named


def home_address(path: str, fields: Mapping[str, Any], addresses: tuple[str, ...]) -> str:
    """Return the address against which a post's relative links are meant, "" when that is unknown.

    A bundle, "content/posts/x/index.md", lies among its pictures, whatever its date.
    """
    is_bundle = file_name(path) != posixpath.splitext(posixpath.basename(path))[0]
    if own_address(fields) or not is_bundle:
        return addresses[0] if addresses else ""
    base = posixpath.dirname(_by_folder(path)[0])
    return fold_address(posixpath.join(base, str(fields.get("slug") or file_name(path))))


def _left_behind(fields: Mapping[str, Any]) -> list[str]:
    values = (fields.get(key) for key in OLD_ADDRESS_FIELDS)
    return [v for value in values for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _folded(addresses: Iterable[str]) -> tuple[str, ...]:
    folded = (fold_address(_rooted(address)) for address in addresses if address)
    return tuple(dict.fromkeys(a for a in folded if a))


def _by_folder(path: str) -> list[str]:
    """Return the addresses that a post has by its place among the folders, as in Hugo, Zola and Eleventy."""
    parts = posixpath.dirname(path).split("/") if "/" in path else []
    name = file_name(path)
    if parts and parts[-1] == name:
        parts = parts[:-1]
    below = next((i + 1 for i, part in enumerate(parts) if part in {"content", "contents"}), 0)
    folders = [parts[below:], [p for p in parts[below:] if p not in CONTENT_FOLDERS]]
    return ["/" + "/".join([*f, n]) for f in folders for n in dict.fromkeys((without_date(name), name))]


def _rooted(address: str) -> str:
    return address if address.startswith(("/", "http:", "https:")) else "/" + address


class PostIndex:
    """Knows the posts of one blog by address and by file, for the links between them."""

    def __init__(self, base_url: str = "") -> None:
        self._base = base_url.rstrip("/")
        self._host = urlsplit(self._base).netloc.removeprefix("www.").lower()
        self._base_path = urlsplit(self._base).path.rstrip("/")
        self._addresses: set[str] = set()
        self._files: dict[str, str] = {}

    def add(self, path: str, addresses: Iterable[str]) -> None:
        """Note a post's file and its addresses."""
        known = tuple(addresses)
        self._addresses.update(known)
        if known:
            name = file_name(path)
            for key in (path, posixpath.splitext(path)[0], posixpath.basename(path), name, without_date(name)):
                self._files.setdefault(key.lower(), known[0])

    def find(self, reference: str, from_path: str = "") -> str:
        """Return the address of the post that a file's name or path refers to, "" when there is none."""
        reference = reference.strip().removeprefix("@/").removeprefix("./").split("#", 1)[0].split("?", 1)[0].lower()
        if not reference:
            return ""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(from_path.lower()), reference))
        for key in (
            beside,
            f"content/{reference.lstrip('/')}",
            reference.lstrip("/"),
            posixpath.splitext(reference.lstrip("/"))[0],
        ):
            if key in self._files:
                return quote(self._files[key])
        return ""

    def resolve(self, target: str, own: str, from_path: str) -> str:
        """Return where a link of a post at `own` leads now: another post's path, a whole address, or as it was."""
        try:
            parts = urlsplit(target)
            if parts.scheme in {"http", "https"} or target.startswith("//"):
                return self._from_web(target)
            if parts.scheme or not parts.path:
                return target
            if parts.path.lower().endswith((".md", ".markdown")) and (found := self.find(parts.path, from_path)):
                return found + _anchor(parts.fragment)
            absolute = urljoin(f"{own.rstrip('/')}/", target)
            fragment = parts.fragment
        except ValueError:
            return target
        if fold_address(absolute) in self._addresses:
            return absolute.partition("#")[0] + _anchor(fragment)
        return f"{self._base}{absolute}" if self._base else (absolute if own or target.startswith("/") else target)

    def _from_web(self, target: str) -> str:
        """Turn a whole address of this blog into a path when a post of it stands there."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(self._base_path)
        if (
            not self._host
            or parts.netloc.removeprefix("www.").lower() != self._host
            or fold_address(path) not in self._addresses
        ):
            return target
        return path + _anchor(parts.fragment)


def _anchor(fragment: str) -> str:
    """Return a fragment as it is in a body that was rendered here."""
    return f"#{ID_PREFIX}{fragment}" if fragment else ""
