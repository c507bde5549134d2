"""A real nginx with the project's own configuration, in front of a running site."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from application.config import ROOT
from deploy.publish_static import publish
from tests.servers import free_port

OTHER_ADDRESS = "127.0.0.2"
"""Where clients come from that are not this machine itself, which nginx does not limit."""

MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {log}
    include {folder}/site.conf;
}}
"""

ASKED = "log_format asked '$upstream_cache_status|$upstream_status|$request'; access_log {folder}/asked.log asked;"

BARE = """
proxy_cache_path {folder}/cache keys_zone=bare:10m use_temp_path=off;
upstream bare {{ server 127.0.0.1:{upstream}; keepalive 64; }}
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://bare;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_cache bare;
        proxy_cache_key $request_uri;
        proxy_cache_valid 20s;
        proxy_cache_lock on;
        proxy_ignore_headers Cache-Control X-Accel-Expires Vary;
    }}
}}
"""
"""The least nginx that keeps pages, to compare with."""


@dataclass
class Nginx:
    """A running nginx: its port, and its folder with its logs and its cache."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path: str) -> list[list[str]]:
        """Return what became of requests for a path: how the cache answered, and the site's status if it was asked."""
        return [line[:2] for line in self.log() if f" {path} " in line[2]]

    def log(self) -> list[list[str]]:
        """Return the same of all requests, and the first line of each."""
        return [line.split("|", 2) for line in (self.folder / "asked.log").read_text("utf-8").splitlines()]


def find_nginx() -> str:
    """Name the program. One that is missing is a failure in CI and a visible skip elsewhere."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no nginx, which CI must have")
        pytest.skip("there is no nginx here")
    return path


def configured(text: str, changes: dict[str, str]) -> str:
    """Change the lines that an operator changes, each of which must be there."""
    for line, changed in changes.items():
        assert text.count(line) == 1, f"deploy/nginx.conf does not say {line!r} once"
        text = text.replace(line, changed)
    return text


@contextmanager
def nginx_before(
    upstream: int, folder: Path, more: dict[str, str] | None = None, *, logs: bool = True
) -> Iterator[Nginx]:
    """Run nginx on a free port of 127.0.0.1, as whoever runs this, until the block ends; `logs` every request."""
    port = free_port()
    publish(ROOT / "static", folder / "published")
    changes = {
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream};",
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": f"listen {OTHER_ADDRESS}:{port};",
        "/var/lib/broadsheet/static": f"{folder}/published",
        "/var/cache/broadsheet": f"{folder}/cache",
        **(more or {}),
    }
    site = configured((ROOT / "deploy/nginx.conf").read_text("utf-8"), changes)
    with _running(site, port, folder, ASKED.format(folder=folder) if logs else "access_log off;") as nginx:
        yield nginx


@contextmanager
def bare_nginx_before(upstream: int, folder: Path) -> Iterator[Nginx]:
    """Run the least nginx that keeps pages, in the same way; no request is logged."""
    port = free_port()
    with _running(BARE.format(folder=folder, upstream=upstream, port=port), port, folder, "access_log off;") as nginx:
        yield nginx


@contextmanager
def _running(site: str, port: int, folder: Path, logged: str) -> Iterator[Nginx]:
    program = find_nginx()
    (folder / "site.conf").write_text(site)
    # Root's workers would become somebody who may not enter a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user, log=logged))
    log = folder / "error.log"
    with (folder / "output").open("wb") as output:
        arguments = [program, "-e", str(log), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        server = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait_for(port, server, log)
        yield Nginx(port, folder)
    finally:
        server.terminate()
        server.wait(15)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"nginx did not start:\n{log.read_text()}") from None
            time.sleep(0.02)
        else:
            return
