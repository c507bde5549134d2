"""Autosaves: what somebody typed and has not sent yet, one row for each of their open forms."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from application.data.errors import Invalid, NotFound
from application.data.models import FORM_KEY_LENGTH, Article, Autosave, User
from application.data.operations.article_fields import LONGEST_CONTENT
from application.data.operations.inserting import insert_or_replace
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.types import utc_now

KEPT = timedelta(days=30)
MOST_FORMS = 50
MOST_FIELDS = 40
LONGEST = LONGEST_CONTENT + 100_000
"""Characters of one form: the longest text, and what stands around it."""

PURGED_AT_ONCE = 1000
_NOT_STORED = dict.fromkeys([0, *range(0xD800, 0xE000)])


@decided_by_constraints
def keep(user_id: int, form_key: str, article_id: int | None, fields: Mapping[str, str]) -> datetime:
    """Keep what is in a form as it is, unfinished or not, and return when that was.

    Raises `Invalid`, `NotFound` for an account that is no more, `DatabaseBusy`.
    """
    check(form_key, fields)
    now = utc_now()
    with transaction() as session:
        there = session.execute(_looking(user_id, form_key, article_id)).one()
        if there.user_id is None:
            raise NotFound
        if there.kept is None and there.forms >= MOST_FORMS:
            _make_room(session, user_id, there.forms)
        store(session, user_id, form_key, there.article_id, fields, now)
    return now


def check(form_key: str, fields: Mapping[str, str]) -> None:
    """Refuse what is too long to be kept. Raises `Invalid`."""
    if not 0 < len(form_key) <= FORM_KEY_LENGTH or not form_key.isascii() or not form_key.isprintable():
        raise Invalid({"form_key": "This is not the key of a form."})
    if len(fields) > MOST_FIELDS or sum(len(name) + len(text) for name, text in fields.items()) > LONGEST:
        raise Invalid({"fields": f"This is too long to be kept: {LONGEST:,} characters are the most."})


def store(
    session: Session, user_id: int, form_key: str, article_id: int | None, fields: Mapping[str, str], now: datetime
) -> None:
    """Keep checked fields in this session's transaction; account and article must be there."""
    values = {
        "user_id": user_id,
        "form_key": form_key,
        "article_id": article_id,
        "updated_at": now,
        "fields": {storable(name): storable(text) for name, text in fields.items()},
    }
    session.execute(insert_or_replace(session, Autosave, ("user_id", "form_key"), values))


def discard(user_id: int, form_key: str) -> bool:
    """Forget what was in a form, for it was sent or is not wanted; False when there was nothing."""
    with transaction() as session:
        gone = delete(Autosave).where(Autosave.user_id == user_id, Autosave.form_key == form_key)
        return session.scalar(gone.returning(Autosave.autosave_id)) is not None


def purge(now: datetime) -> int:
    """Delete what nobody came back for in thirty days, and return how much."""
    old = select(Autosave.autosave_id).where(Autosave.updated_at < now - KEPT).limit(PURGED_AT_ONCE)
    with transaction() as session:
        gone = delete(Autosave).where(Autosave.autosave_id.in_(old)).returning(Autosave.autosave_id)
        return len(session.scalars(gone).all())


def storable(text: str) -> str:
    """Leave out what neither database takes: half characters, and U+0000."""
    return text.translate(_NOT_STORED)


def _looking(user_id: int, form_key: str, article_id: int | None) -> Select[*tuple[Any, ...]]:
    """Select whether account and article are there, and what the account has kept already."""
    mine = Autosave.user_id == user_id
    return select(
        select(User.id).where(User.id == user_id).scalar_subquery().label("user_id"),
        select(Article.article_id).where(Article.article_id == article_id).scalar_subquery().label("article_id"),
        select(Autosave.autosave_id).where(mine, Autosave.form_key == form_key).scalar_subquery().label("kept"),
        select(func.count()).select_from(Autosave).where(mine).scalar_subquery().label("forms"),
    )


def _make_room(session: Session, user_id: int, count: int) -> None:
    """Let the oldest of somebody's forgotten forms go when they have opened very many."""
    oldest = select(Autosave.autosave_id).where(Autosave.user_id == user_id).order_by(Autosave.updated_at)
    session.execute(delete(Autosave).where(Autosave.autosave_id.in_(oldest.limit(count - MOST_FORMS + 1))))
