"""Compressed forms of a page, made once, and the validators of each."""

import gzip
import hashlib

import brotli
from werkzeug.http import parse_accept_header

from application.utils.offload import compression

LONG = 32_768
"""Bytes that take about two milliseconds to compress both ways."""
BROTLI_QUALITY = 5
GZIP_LEVEL = 6
_PREFERRED = ("br", "gzip")


def choose(accept_encoding: str) -> str:
    """Choose the best encoding that the client accepts."""
    if not accept_encoding:
        return "identity"
    accepted = parse_accept_header(accept_encoding)
    return next((name for name in _PREFERRED if accepted.quality(name) > 0), "identity")


def encode(body: bytes, encoding: str) -> bytes:
    """Encode a body for `Content-Encoding`."""
    if encoding == "br":
        return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
    if encoding == "gzip":
        return gzip.compress(body, GZIP_LEVEL, mtime=0)
    return body


def encode_all(body: bytes) -> dict[str, bytes]:
    """Return the body in every encoding we store, without holding up the event loop for a long one."""
    if len(body) > LONG:
        return compression.run(_encode_all, body)
    return _encode_all(body)


def _encode_all(body: bytes) -> dict[str, bytes]:
    return {name: encode(body, name) for name in ("identity", *_PREFERRED)}


def digest(body: bytes) -> str:
    """Return what a body is known by."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def is_unchanged(if_none_match: str, etag_: str) -> bool:
    """Tell whether the client's copy is current (RFC 9110, 13.1.2: weak comparison)."""
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return etag_ in candidates or "*" in candidates
