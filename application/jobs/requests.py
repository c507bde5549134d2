"""A job as its worker's main process sees it."""

from typing import Any

from celery.exceptions import WorkerLostError
from celery.worker.request import Request as CeleryRequest

from application.jobs.presence import Presence
from application.jobs.recording import note_failure, telling


class Request(CeleryRequest):  # type: ignore[misc]  # celery ships no types
    """One that notes when the process at it was killed: Celery gives such a job to another without a word."""

    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> None:
        """Note a process that vanished, then do as Celery does."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, WorkerLostError | SystemExit | KeyboardInterrupt):
            note_failure("lost", (self.name, self.id, self.args), error, self.hostname)
            self._end()
        super().on_failure(exc_info, *args, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Note that a process that took too long is no more, then do as Celery does."""
        if not soft:
            self._end()
        super().on_timeout(soft, timeout)

    def _end(self) -> None:
        if self.worker_pid is not None:
            with telling() as redis:
                Presence(redis).end(self.hostname, self.worker_pid)
