"""The whole beat table, one line an entry.

Every entry may run twice, or while its last run is still under way. A run that nobody began in time is not made
up for: it expires, so that a worker that was away does not find a heap of them.
"""

from typing import Any

HOUR = 60 * 60


def every(seconds: float, task: str) -> dict[str, Any]:
    """Describe one entry."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


SCHEDULE = {
    "tell the caches what a failed invalidation left": every(5, "sweep_outbox"),
    "publish what is due": every(5, "publish_due_articles"),
    "empty the bin": every(HOUR, "empty_bin"),
    "forget what nobody came back for": every(HOUR, "purge_autosaves"),
    "forget sessions that ended long ago": every(HOUR, "purge_sessions"),
    "make like counts right that a lost job left wrong": every(30, "reconcile_likes"),
    "make the front pages anew before they are due": every(3, "keep_pages_warm"),
    "go on with long jobs that a worker left": every(15, "find_lost_runs"),
    "show that beat and worker are alive": every(30, "heartbeat"),
}
