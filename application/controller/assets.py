"""Static files of this release, compressed once a process; nginx has its own, compressed beforehand."""

from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, request
from werkzeug.security import safe_join

from application.caching.encodings import choose, encode
from application.controller.presentation import fingerprint

TEXTS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def send_asset(folder: Path, name: str) -> Response:
    """Send a file as the browser asks for it: compressed, when it is a text and asked for by its fingerprint."""
    path = Path(safe_join(str(folder), name) or "")
    mimetype = TEXTS.get(path.suffix)
    version = fingerprint(path)
    if not mimetype or not version or request.args.get("v") != version:
        return current_app.send_static_file(name)
    encoding = choose(request.headers.get("Accept-Encoding", ""))
    if encoding == "identity":
        response = current_app.send_static_file(name)
    else:
        response = Response(_encoded(path, version, encoding), mimetype=mimetype)
        response.headers["Content-Encoding"] = encoding
        response.set_etag(f"{version}-{encoding}")
        response.make_conditional(request)
    response.vary.add("Accept-Encoding")
    return response


@lru_cache(64)
def _encoded(path: Path, _version: str, encoding: str) -> bytes:
    """Compress a file; the version makes a file that was changed another one."""
    return encode(path.read_bytes(), encoding)
