"""The Celery application and the base of its tasks."""

import logging
import os
from typing import Any

from celery import Celery, Task, current_app
from celery.signals import after_setup_logger, worker_init, worker_process_init, worker_process_shutdown
from flask import Flask
from flask.logging import default_handler

from application.config import DB_DIRECTORY, Settings
from application.extensions import cache

# Listens to what workers do.
from application.jobs import recording as _recording  # noqa: F401

# Registers the tasks: each `shared_task` joins every Celery application that is made.
from application.jobs import tasks as _tasks  # noqa: F401
from application.jobs.dispatch import Dispatcher, Publisher
from application.jobs.schedule import SCHEDULE
from application.measuring.logs import formatter
from application.measuring.metrics import process_ended, sweep
from application.measuring.timing import measuring

logger = logging.getLogger(__name__)

VISIBILITY_TIMEOUT = 120
"""Seconds after which a job whose worker vanished is given to another; longer than any job may take."""
TIME_LIMIT = 60
TRANSPORT = "application.jobs.broker:Transport"


def create_celery(app: Flask) -> Celery:
    """Make the Celery application of this Flask application, kept in `app.extensions["celery"]`."""
    settings: Settings = app.config["SETTINGS"]
    celery = Celery("broadsheet", task_cls=_task_base(app))
    celery.conf.update(celery_config(settings))
    celery.set_default()
    app.extensions["celery"] = celery
    celery.flask_app = app
    app.extensions["dispatcher"] = Dispatcher(Publisher(celery))
    return celery


def celery_config(settings: Settings) -> dict[str, Any]:
    """Translate the settings into Celery's names."""
    return {
        "broker_url": settings.broker_url,
        "broker_transport": TRANSPORT if settings.broker_url.startswith(("redis://", "rediss://")) else None,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT,
            # For the worker's own connection: longer than its blocking read (1 s), so that it outlives quiet times,
            # and short enough to notice a server that froze. Web processes publish with a shorter one.
            "socket_timeout": 10.0,
            "socket_connect_timeout": 2.0,
            "socket_keepalive": True,
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "result_backend": settings.result_url,
        "redis_socket_timeout": 2.0,
        "redis_socket_connect_timeout": 2.0,
        "result_expires": 3600,
        "task_ignore_result": True,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        # A job is done when it has ended, not when it was fetched: jobs may run twice, none is lost with its worker.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "task_time_limit": TIME_LIMIT,
        "task_soft_time_limit": TIME_LIMIT - 10,
        "task_publish_retry": False,
        "task_create_missing_queues": False,
        "worker_concurrency": 2,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": True,
        "beat_schedule": SCHEDULE,
        "beat_schedule_filename": str(DB_DIRECTORY / "beat-schedule"),
        "timezone": "UTC",
        "enable_utc": True,
    }


def _task_base(app: Flask) -> type[Any]:
    class ContextTask(Task):  # type: ignore[misc]  # celery ships no types
        """Run each task in an application context of its own, measured; its end removes the database session."""

        abstract = True
        # By its name: only a worker needs it, and all that it imports.
        Request = "application.jobs.requests:Request"

        def __call__(self, *args: object, **kwargs: object) -> object:
            with measuring("job", self.name) as job, app.app_context():
                job.id = self.request.id or ""
                result = self.run(*args, **kwargs)
                # Celery's own two lines per job are silenced below; a job that found nothing to do stays quiet.
                level = logging.INFO if result else logging.DEBUG
                logger.log(level, "%s%r: %r; %s", self.name, args, result, job.header())
            return result

    return ContextTask


@after_setup_logger.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _tidy_logs(logger: logging.Logger, **_kwargs: object) -> None:
    settings: Settings = current_app.flask_app.config["SETTINGS"]
    for handler in logger.handlers:
        handler.setFormatter(formatter(settings.log_format))
    # Celery has given the root a handler; Flask's own would tell everything a second time.
    logging.getLogger("application").removeHandler(default_handler)
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


@worker_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _sweep(**_kwargs: object) -> None:
    if current_app.flask_app.config["METRICS_TOKEN"]:
        sweep()


@worker_process_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _begin_reporting(**_kwargs: object) -> None:
    cache.start_worker(current_app.flask_app, serves=False)


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _end_reporting(**_kwargs: object) -> None:
    app: Flask = current_app.flask_app
    cache.stop_worker(app)
    if app.config["METRICS_TOKEN"]:
        process_ended(os.getpid())
