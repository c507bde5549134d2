"""Which article a form became: a form that is sent twice, by a double click or from the history, makes one."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from application.data.models import BINNED, Article, SentForm
from application.data.operations.audit import known_user_id
from application.data.operations.autosaves import KEPT, PURGED_AT_ONCE
from application.data.operations.transaction import transaction
from application.data.records import Actor


def find(session: Session, by: Actor, form_key: str | None) -> Article | None:
    """Return what this form became, unless that is in the bin."""
    if form_key is None or by.user_id is None:
        return None
    became = select(SentForm.article_id).where(SentForm.user_id == by.user_id, SentForm.form_key == form_key)
    return session.scalar(
        select(Article)
        .where(Article.article_id == became.scalar_subquery(), Article.status != BINNED)
        .options(undefer(Article.content))
    )


def note(session: Session, by: Actor, form_key: str | None, article_id: int) -> None:
    """Remember what a form became, in the transaction that makes it."""
    user_id = known_user_id(session, by) if form_key is not None else None
    if form_key is not None and user_id is not None:
        session.merge(SentForm(user_id=user_id, form_key=form_key, article_id=article_id))


def purge(now: datetime) -> int:
    """Forget forms that nobody has open any more, as long as words are kept, and return how many."""
    old = select(SentForm.user_id, SentForm.form_key).where(SentForm.sent_at < now - KEPT).limit(PURGED_AT_ONCE)
    with transaction() as session:
        rows = session.execute(old).all()
        for user_id, form_key in rows:
            session.execute(delete(SentForm).where(SentForm.user_id == user_id, SentForm.form_key == form_key))
        return len(rows)
