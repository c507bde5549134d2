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
    log_format asked '$upstream_cache_status|$upstream_status|$request';
    access_log {folder}/asked.log asked;
    include {folder}/site.conf;
}}
"""


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
def nginx_before(upstream: int, folder: Path, more: dict[str, str] | None = None) -> Iterator[Nginx]:
    """Run nginx on a free port of 127.0.0.1, as whoever runs the tests, until the block ends."""
    program, port = find_nginx(), free_port()
    publish(ROOT / "static", folder / "published")
    changes = {
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream};",
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": f"listen {OTHER_ADDRESS}:{port};",
        "/var/lib/broadsheet/static": f"{folder}/published",
        "/var/cache/broadsheet": f"{folder}/cache",
        **(more or {}),
    }
    (folder / "site.conf").write_text(configured((ROOT / "deploy/nginx.conf").read_text("utf-8"), changes))
    # Root's workers would become somebody who may not enter a test's folder.
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
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
