"""What a person reads when the site runs: where it is, how to sign in, how to see its cache and how to stop it."""

import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from application.caching.connecting import SENTINEL
from application.config import ROOT, Settings
from application.installation.administrator import FirstAdministrator

_PATTERN = "flask_cache_*"


def compose(settings: Settings, administrator: FirstAdministrator, started_in: Path) -> str:
    """Write the closing message."""
    address = f"http://{bracketed(settings.host)}:{settings.port}"
    readers = f" (readers come by {settings.site_url})" if settings.site_url != address else ""
    return "\n".join(
        [
            f"{settings.site_name} answers at {address}{readers}",
            "",
            f"  sign in      {settings.site_url}/login",
            *(f"               {line}" for line in administrator.lines()),
            f"  cached keys  {list_keys(settings.cache_redis_url, started_in)}",
            "  stop         Ctrl-C",
        ]
    )


def list_keys(cache_url: str, started_in: Path) -> str:
    """Write the command that lists the cached keys, for whichever client this machine has."""
    client = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if client is None or cache_url.startswith(SENTINEL):
        return f"{_flask(started_in)} cache keys"
    return f"{Path(client).name} {_where(cache_url)} --scan --pattern '{_PATTERN}'"


def bracketed(host: str) -> str:
    """Write a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def _flask(started_in: Path) -> str:
    if started_in == ROOT:
        return ".venv/bin/flask --app main"
    return f"{shlex.quote(str(ROOT / '.venv/bin/flask'))} --app {shlex.quote(str(ROOT / 'main'))}"


def _where(cache_url: str) -> str:
    parts = urlsplit(cache_url)
    if parts.scheme == "unix":
        return f"-s {shlex.quote(parts.path)}"
    database = parts.path.strip("/") or "0"
    words = []
    if parts.hostname not in {None, "127.0.0.1", "localhost"}:
        words += ["-h", str(parts.hostname)]
    words += ["-p", str(parts.port or 6379), "-n", database]
    if parts.scheme == "rediss":
        words.append("--tls")
    if parts.username:
        words += ["--user", parts.username]
    if parts.password:
        # It asks: a password does not belong on a screen or in a shell's history.
        words.append("--askpass")
    return " ".join(map(shlex.quote, words))
