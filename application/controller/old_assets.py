"""Static files of earlier releases: pages that were sent before an upgrade find theirs for a day after it.

Each file is kept as `<folder>/<fingerprint>/<name>`. The copy of a file in use carries a time in the future; a release
that starts retires what it does not use, and deletes what was retired a day ago.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response, current_app, request, send_file
from flask.typing import ResponseReturnValue

from application.config import DB_DIRECTORY
from application.controller.assets import send_asset
from application.controller.presentation import IMMUTABLE, fingerprint

logger = logging.getLogger(__name__)

KEPT = DB_DIRECTORY / "static"
KEPT_FOR = 24 * 60 * 60
IN_USE = 100 * 365 * 24 * 60 * 60
"""Seconds ahead of now that mark a copy as in use."""


def register_old_assets(app: Flask, kept: Path = KEPT) -> None:
    """Answer addresses with an older fingerprint from the copies."""
    app.extensions["old_assets"] = kept
    app.view_functions["static"] = serve


def serve(filename: str) -> ResponseReturnValue:
    """Send the file as it is now, or as the page that asks for it knew it."""
    version = request.args.get("v", "")
    source = Path(current_app.static_folder or "")
    kept: Path = current_app.extensions["old_assets"]
    if version.isalnum() and version != fingerprint(source / filename):
        copy = kept / version / filename
        # Only what was kept is looked for: a name with dots in it may not lead elsewhere.
        if copy in set(_copies(kept)) and copy.is_file():
            response: Response = send_file(copy)
            response.headers["Cache-Control"] = IMMUTABLE
            return response
    return send_asset(source, filename)


def keep_assets_of(app: Flask) -> None:
    """Keep a copy of each static file of this release, retire those of others, delete what was retired a day ago."""
    try:
        _keep(app)
    except OSError as error:
        # A page of the last release with the newest style sheet is better than no site.
        logger.warning("static files are not kept for the next release: %s", error)


def _keep(app: Flask) -> None:
    source = Path(app.static_folder or "")
    kept: Path = app.extensions["old_assets"]
    now = time.time()
    current = {kept / fingerprint(path) / path.relative_to(source): path for path in _files(source)}
    for copy, path in current.items():
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            unfinished = copy.with_name(f".{copy.name}.{os.getpid()}")
            shutil.copyfile(path, unfinished)
            unfinished.replace(copy)
        os.utime(copy, (now + IN_USE, now + IN_USE))
    for copy in set(_copies(kept)) - current.keys():
        retired_at = _changed_at(copy)
        if retired_at > now:
            os.utime(copy, (now, now))
        elif retired_at < now - KEPT_FOR:
            copy.unlink(missing_ok=True)


def _changed_at(copy: Path) -> float:
    try:
        return copy.stat().st_mtime
    except FileNotFoundError:
        # Another worker, which starts at the same time, was quicker.
        return time.time()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _copies(kept: Path) -> Iterator[Path]:
    return _files(kept) if kept.is_dir() else iter(())
