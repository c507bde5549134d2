"""How gunicorn serves the site: gevent workers, and room for streams beside the pages."""

from gevent import monkey

# Before anything imports sockets, locks or psycopg: what is imported unpatched would block a worker's readers.
monkey.patch_all()

import os  # noqa: E402
import resource  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

# prometheus_client looks for it when it is imported.
os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR", str(Path(__file__).resolve().parent.parent / "db_directory" / "metrics")
)

from application.config import load_settings  # noqa: E402
from application.controller.old_assets import keep_assets_of  # noqa: E402
from application.controller.presentation import load_templates  # noqa: E402
from application.data.outbox_watch import watch_outbox  # noqa: E402
from application.extensions import cache  # noqa: E402
from application.live import worker_started  # noqa: E402
from application.measuring.logs import formatter  # noqa: E402
from application.measuring.metrics import process_ended, sweep  # noqa: E402
from application.utils.collecting import settle  # noqa: E402
from application.utils.offload import take_short_turns  # noqa: E402

_settings = load_settings()

wsgi_app = "main:app"
chdir = str(Path(__file__).resolve().parent.parent)
proc_name = "broadsheet"
bind = [f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"]
workers = _settings.web_concurrency
worker_class = "deploy.worker.Worker"

# A stream keeps its connection for hours. Pages have a thousand beside the streams, so that these never starve them.
worker_connections = _settings.streams_per_worker + 1000
backlog = 2048
keepalive = 5
timeout = 30
graceful_timeout = 10

# Generous for a long search or a signed link, small for a flood of nonsense.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

# PROXIES says how many proxies to believe about a reader's address and scheme; gunicorn itself believes none.
forwarded_allow_ips = ""

accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"
loglevel = "warning"

# Nothing here asks for it, and two sites of one person would share its path.
control_socket_disable = True

# A heartbeat file on a slow disk can make a worker look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes it by mkstemp


def on_starting(server: Any) -> None:
    """Log as the application does, and allow as many open files as the machine does: each stream is one."""
    for handler in server.log.error_log.handlers:
        handler.setFormatter(formatter(_settings.log_format))
    if _settings.metrics_token:
        sweep()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            server.log.warning("open files stay limited to %d; %d were wished for", soft, hard)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that has ended, however, out of what is exported as being so now."""
    if _settings.metrics_token:
        process_ended(worker.pid)


def post_worker_init(worker: Any) -> None:
    """Prepare a worker before its first request."""
    # Its streams end as soon as it is told to stop; they would hold it for `graceful_timeout`.
    worker_started(worker)
    # What an earlier process could not tell the cache is told now, not by the first reader.
    with worker.wsgi.app_context():
        cache.is_ready()
    cache.start_worker(worker.wsgi)
    watch_outbox(worker.wsgi)
    keep_assets_of(worker.wsgi)
    load_templates(worker.wsgi)
    take_short_turns()
    settle()
