"""Pages are stored with a quick compression; one that lives for a while deserves the best."""

import brotli
import msgspec

from application.caching import encodings
from application.caching.backend import RedisBackend
from application.caching.pages import Page, opened

QUALITY = 11
LARGEST = 512 * 1024
"""Bytes that take about a second at this quality."""
WORTHWHILE = 0.98
"""The part of its size to which a body must shrink for the exchange to pay."""


def improve(backend: RedisBackend, key: str) -> int:
    """Exchange the br form of a stored page for a smaller one, if it is still there; return the bytes saved."""
    found = backend.fetch(key, page=True)
    if found.entry is None or opened(found) is None:
        return 0
    body, quick = found.bodies["identity"], found.bodies["br"]
    if len(body) > LARGEST:
        return 0
    best = bytes(brotli.compress(body, quality=QUALITY))
    if len(best) > len(quick) * WORTHWHILE:
        return 0
    page = msgspec.json.decode(found.entry.value, type=Page)
    page = msgspec.structs.replace(page, digests={**page.digests, "br": encodings.digest(best)})
    replaced = backend.replace_body(key, found, msgspec.json.encode(page), "br", best)
    return len(quick) - len(best) if replaced else 0
