"""What time has come for; never cached."""

from datetime import datetime

from sqlalchemy import select

from application.data.database import end_read_transaction
from application.data.models import BINNED, Article
from application.extensions import db
from application.measuring.timing import timed

AT_ONCE = 100
"""Articles that one run takes up; the next takes the rest."""


@timed("find_due")
def find_due(now: datetime) -> list[int]:
    """Return the articles that are to be published by now, or whose newer drafts are, the earliest first."""
    end_read_transaction()
    due = select(Article.article_id).where(Article.scheduled_for <= now, Article.status != BINNED)
    return list(db.session.scalars(due.order_by(Article.scheduled_for).limit(AT_ONCE)))


@timed("find_forgotten")
def find_forgotten(before: datetime) -> list[int]:
    """Return the articles that were put into the bin before a time, the earliest first."""
    end_read_transaction()
    old = select(Article.article_id).where(Article.status == BINNED, Article.binned_at <= before)
    return list(db.session.scalars(old.order_by(Article.binned_at).limit(AT_ONCE)))
