"""Which article a form became: a form that is sent twice, by a double click or from the history, makes one."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from application.data.models import SentForm
from application.data.operations.autosaves import KEPT, PURGED_AT_ONCE
from application.data.operations.transaction import transaction
from application.data.types import utc_now


def note(session: Session, user_id: int, form_key: str, article_id: int, *, is_known: bool) -> None:
    """Remember what a form became, in the transaction that makes it; `is_known` if it became another one before.

    Of two transactions that send it first, the second fails by its key, and finds what the first made.
    """
    key = {"user_id": user_id, "form_key": form_key}
    became = {"article_id": article_id, "sent_at": utc_now()}
    if is_known:
        session.execute(update(SentForm).filter_by(**key).values(became))
    else:
        session.execute(insert(SentForm).values(key | became))


def purge(now: datetime) -> int:
    """Forget forms that nobody has open any more, as long as words are kept, and return how many."""
    old = select(SentForm.user_id, SentForm.form_key).where(SentForm.sent_at < now - KEPT).limit(PURGED_AT_ONCE)
    with transaction() as session:
        rows = session.execute(old).all()
        for user_id, form_key in rows:
            session.execute(delete(SentForm).where(SentForm.user_id == user_id, SentForm.form_key == form_key))
        return len(rows)
