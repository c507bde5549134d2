"""What templates are given beside their records: dates in the site's zone, addresses of assets, the site itself."""

import hashlib
import re
from datetime import UTC, datetime
from functools import cache as remember
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, request, url_for
from markupsafe import Markup

from application.config import FRAGMENT_TTL, Settings
from application.utils.moments import moment_of

IMMUTABLE = "public, max-age=31536000, immutable"
"""For an asset asked for by its content's hash: those bytes never change (RFC 8246)."""
ADDRESSES_REMEMBERED = 10_000


def load_templates(app: Flask) -> None:
    """Compile every template, so that no reader waits while a page's first rendering does: a tenth of a second."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


def register_presentation(app: Flask) -> None:
    """Give every template its filters and globals, and assets their lifetime."""
    settings: Settings = app.config["SETTINGS"]
    zone = ZoneInfo(settings.site_timezone)
    folder = Path(app.static_folder or "static")

    def asset(name: str) -> str:
        # Not url_for: the page that refuses a forged host is made without a URL adapter.
        return f"{app.static_url_path}/{name}?v={fingerprint(folder / name)}"

    @lru_cache(ADDRESSES_REMEMBERED)
    def known_address(endpoint: str, **values: Any) -> str:
        return url_for(endpoint, **values)

    def address(endpoint: str, **values: Any) -> str:
        # A list has sixty links, and building one takes several times as long as looking it up.
        return url_for(endpoint, **values) if "_external" in values else known_address(endpoint, **values)

    def keep_assets(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in {200, 206, 304}:
            name = (request.view_args or {}).get("filename", "")
            if request.args.get("v") == fingerprint(folder / name):
                response.headers["Cache-Control"] = IMMUTABLE
        return response

    app.jinja_env.globals.update(
        site=settings,
        asset=asset,
        url_for=address,
        made_at=lambda: made_at(datetime.now(UTC), zone),
        FRAGMENT_TTL=FRAGMENT_TTL,
    )
    app.jinja_env.filters.update(
        long_date=lambda moment: long_date(moment, zone),
        short_date=lambda moment: short_date(moment, zone),
        long_time=lambda moment: long_time(moment, zone),
        short_time=lambda moment: short_time(moment, zone),
        iso_time=lambda moment: moment.astimezone(zone).isoformat(timespec="seconds"),
        moment=moment_of,
        paragraphs=paragraphs,
        plain_line=plain_line,
        opens_with=opens_with,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.after_request(keep_assets)


def fingerprint(path: Path) -> str:
    """Name a file's content in ten hex digits; an absent file has none."""
    try:
        return _fingerprint(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return ""


@remember
def _fingerprint(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def made_at(now: datetime, zone: ZoneInfo) -> str:
    """Tell the time of day at which a page was made: `12:03:05 UTC`."""
    local = now.astimezone(zone)
    return f"{local:%H:%M:%S} {local.tzname()}"


def long_date(moment: datetime, zone: ZoneInfo) -> str:
    """Write a date out: `4 August 2026`."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def short_date(moment: datetime, zone: ZoneInfo) -> str:
    """Write a date for a list: `4 Aug 2026`."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def long_time(moment: datetime, zone: ZoneInfo) -> str:
    """Write out a moment: `4 August 2026, 12:03`."""
    return f"{long_date(moment, zone)}, {moment.astimezone(zone):%H:%M}"


def short_time(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment for a list: `4 Aug 2026, 12:03`."""
    return f"{short_date(moment, zone)}, {moment.astimezone(zone):%H:%M}"


def paragraphs(text: str) -> list[str]:
    """Split plain text at its empty lines."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def opens_with(html: str, text: str) -> bool:
    """Tell whether an article begins with this text, as where a standfirst was taken from its first words."""
    # A standfirst is at most a thousand characters; markup may take several times as much.
    opening = " ".join(Markup(html[:8000]).striptags().split())  # noqa: S704 - only its text is looked at
    return opening.startswith(" ".join(text.split()).rstrip("…"))


def plain_line(text: str, most: int) -> str:
    """Fold text into one line of at most `most` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:–—- ") + "…"
