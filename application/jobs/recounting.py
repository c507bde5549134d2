"""Likes counted from their rows: one article's, or all, made right where they differ."""

from collections.abc import Iterator

from application.data import data_access
from application.data.operations import likes
from application.extensions import live
from application.jobs.kinds import Passed

AT_ONCE = 200


def recount(article_id: int) -> int | None:
    """Recount an article's likes, and tell open pages; None for no such article."""
    count = likes.recount_likes(article_id)
    if count is None:
        return None
    # Also when the count stayed the same: an earlier run may have ended between its commit and this line.
    live.publish("likes", {"article_id": count.article_id, "likes": count.likes})
    return count.likes


def walk(place: str) -> Iterator[Passed]:
    """Look at two hundred articles at a time, in the order of their ids."""
    after = int(place or 0)
    while True:
        looked_at, wrong = data_access.find_wrong_counts(after, AT_ONCE)
        if not looked_at:
            return
        for article_id in wrong:
            recount(article_id)
        after = looked_at[-1]
        yield Passed(str(after), len(looked_at))
