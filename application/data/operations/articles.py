"""Writing articles: create, save, publish, take back, discard, restore."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import select

from application.data.database import end_read_transaction
from application.data.errors import AlreadySent, EditConflict, Invalid, NotFound
from application.data.models import DRAFT, PUBLISHED, SCHEDULED, UNPUBLISHED, Article, Revision, WorkingCopy
from application.data.operations import sent_forms
from application.data.operations.article_fields import Fields, check_time, prepare
from application.data.operations.article_parts import (
    author_ids,
    claimed_slug,
    free_slug,
    numbered_slugs,
    set_authors,
    set_tags,
)
from application.data.operations.editing import RENDERED, Ask, Desk, Which, at_desk, is_public, peek, take
from application.data.operations.revising import is_same, written_from
from application.data.operations.surroundings import Wanted, look_around
from application.data.operations.transaction import TRIES, decided_by_constraints, transaction
from application.data.records import Actor, Saved, Written
from application.data.types import utc_now
from application.extensions import db
from application.utils.offload import run_in_turn
from application.utils.text import slugify

NAMELESS = "article"
"""The slug of a title without a letter."""


class Publish(NamedTuple):
    """What is to become of a save: readers see it, now or at a time to come."""

    at: datetime | None = None


@decided_by_constraints
def create_article(written: Written, by: Actor, form_key: str | None = None, then: Publish | None = None) -> Saved:
    """Store a new draft, at the slug it wishes for or at one made from its title; publish it, if that is asked.

    A form that was sent before is what it became then. Raises `Invalid`, `DatabaseBusy`, and `AlreadySent` where that
    says something else.
    """
    _check_time(then and then.at)
    fields = run_in_turn(by.user_id, prepare, written)
    slug = slugify(fields.title) or NAMELESS
    wanted = wanted_by(fields)._replace(slugs=[fields.slug] if fields.slug else numbered_slugs(slug), form_key=form_key)
    with transaction() as session, session.no_autoflush:
        around = look_around(session, None, by.user_id, wanted)
        if around.sent is not None:
            # Unless it lies in the bin: then it is another article's turn.
            with suppress(NotFound):
                return _as_sent(take(session, around.sent, by, wanted_by(fields)), fields, then)
        article = Article(status=DRAFT, **{name: getattr(fields, name) for name in RENDERED})
        article.slug = claimed_slug(around, fields.slug) if fields.slug else free_slug(around, slug)
        session.add(article)
        set_authors(article, author_ids(around, fields.authors))
        set_tags(session, article, fields.labels, around)
        desk = Desk(session, article, around, Actor(around.account, by.name))
        newest = written_from(fields, article.slug)
        desk.log("created", written=newest)
        if then is not None:
            _release(desk, None, newest, then.at)
        saved = desk.finish()
        if form_key is not None and around.account is not None:
            sent_forms.note(session, around.account, form_key, saved.article_id, is_known=around.sent is not None)
        return saved


@decided_by_constraints
def save_article(
    which: Which, version: int, written: Written, by: Actor, then: Publish | None = None, *, ask: Ask | None = None
) -> Saved:
    """Save an article that is still at this version: itself, or as a newer draft beside what readers see.

    What is given unchanged is no save. Publish it in the same moment, if that is asked.
    Raises `NotFound`, `EditConflict`, `Invalid`, `DatabaseBusy`, and what `ask` raises.
    """
    _check_time(then and then.at)
    fields = run_in_turn(by.user_id, prepare, written)
    with at_desk(which, version, by, wanted=wanted_by(fields), ask=ask) as desk:
        return _keep(desk, fields, then)


@decided_by_constraints
def restore_revision(slug: str, version: int | None, number: int, by: Actor, *, ask: Ask | None = None) -> Saved:
    """Save an earlier text once more; the address and the by-lines stay what they are. Raises as `save_article`."""
    end_read_transaction()
    found = db.session.execute(
        select(Revision.fields, Article.version, WorkingCopy.authors)
        .join(Article, Article.article_id == Revision.article_id)
        .outerjoin(WorkingCopy, WorkingCopy.article_id == Article.article_id)
        .where(Article.slug == slug, Revision.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound
    earlier = run_in_turn(by.user_id, prepare, msgspec.convert(found.fields, Written))
    wanted = Wanted(found.authors or (), earlier.labels)
    with at_desk(slug, version or found.version, by, wanted=wanted, ask=ask) as desk:
        now = desk.written()
        return _keep(desk, replace(earlier, slug=now.slug, authors=now.authors), None, "restored")


@decided_by_constraints
def publish_article(slug: str, version: int | None, by: Actor, at: datetime | None = None) -> Saved:
    """Let readers see an article with its newer draft, now or at a time to come.

    Until then they see what they saw before.
    Raises `NotFound`, `EditConflict`, `Invalid` (for `at` too), `DatabaseBusy`.
    """
    return publish(slug, version, by, at)


@decided_by_constraints
def unpublish_article(slug: str, by: Actor, version: int | None = None) -> Saved:
    """Take an article back from readers, or from the schedule; it keeps its date, address and likes.

    Raises `NotFound`, `EditConflict`, `DatabaseBusy`.
    """
    return take_back(slug, by, version)


@decided_by_constraints
def unschedule_article(slug: str, by: Actor, version: int | None = None) -> Saved:
    """Take an article, or its newer draft, off the schedule. Raises `NotFound`, `EditConflict`, `DatabaseBusy`."""
    with at_desk(slug, version, by) as desk:
        if desk.article.scheduled_for is None:
            return desk.saved()
        take_off_schedule(desk.article)
        return desk.done("unscheduled", written=desk.written())


@decided_by_constraints
def discard_working_copy(slug: str, version: int, by: Actor) -> Saved:
    """Forget the newer draft of an article; a revision keeps it. Raises `NotFound`, `EditConflict`, `DatabaseBusy`."""
    with at_desk(slug, version, by) as desk:
        if desk.copy is None:
            return desk.saved()
        before = desk.written()
        desk.drop_copy()
        return desk.done("discarded", written=desk.written(), before=before)


# The same for one of many, which is known by its id.


def publish(which: Which, version: int | None, by: Actor, at: datetime | None = None) -> Saved:
    """Do what `publish_article` says; without a version, whatever is newest is meant."""
    _check_time(at)
    for _ in range(TRIES):
        try:
            return _publish(which, version, by, at)
        except EditConflict:
            # Somebody saved while the draft was rendered: theirs is the newest now.
            if version is not None:
                raise
    raise EditConflict


def take_back(which: Which, by: Actor, version: int | None = None) -> Saved:
    """Do what `unpublish_article` says."""
    with at_desk(which, version, by) as desk:
        article = desk.article
        if article.status not in {PUBLISHED, SCHEDULED}:
            return desk.saved()
        deed = "unpublished" if is_public(article) else "unscheduled"
        article.status = _hidden(article)
        article.scheduled_for = None
        return desk.done(deed, written=desk.written())


def _as_sent(desk: Desk, fields: Fields, then: Publish | None) -> Saved:
    """Say what a form became when it was sent first, if it says the same now; publish that, if that is asked now."""
    now = desk.written()
    if not is_same(now, written_from(fields, now.slug)):
        raise AlreadySent(desk.article.article_id)
    if then is not None:
        _release(desk, fields if desk.copy is not None else None, now, then.at)
    return desk.finish()


def wanted_by(fields: Fields) -> Wanted:
    """Return what must be looked up to make an article say this."""
    return Wanted(fields.authors, fields.labels, [fields.slug] if fields.slug else ())


def _keep(desk: Desk, fields: Fields, then: Publish | None, deed: str | None = None) -> Saved:
    """Save what was written, and publish it, if that is asked."""
    before = desk.written()
    after = written_from(fields, before.slug)
    is_changed = not is_same(before, after)
    public = is_public(desk.article)
    news = fields if is_changed or desk.copy is not None else None
    if is_changed:
        desk.log(deed or ("draft" if public else "saved"), written=after, before=before)
        if public and (then is None or _later(then.at)):
            desk.keep_copy(after)
        elif then is None:
            desk.apply(fields)
    if then is not None:
        _release(desk, news, after if is_changed else before, then.at)
    return desk.finish()


def _publish(which: Which, version: int | None, by: Actor, at: datetime | None) -> Saved:
    seen, fields = peek(which, version, by)
    with at_desk(which, seen, by, wanted=wanted_by(fields) if fields else Wanted()) as desk:
        _release(desk, fields, desk.written(), at)
        return desk.finish()


def _release(desk: Desk, news: Fields | None, newest: Written, at: datetime | None) -> None:
    """Let readers see the article, with news that it does not say yet; or note the time at which they will."""
    article, later = desk.article, _later(at)
    public = is_public(article)
    if public and news is None:
        if later is not None:
            raise Invalid({"at": "Readers see this text already: there are no changes to publish later."})
        return
    if later is not None and later == article.scheduled_for and (public or news is None):
        return
    # What readers see stays as it is until the time comes.
    if news is not None and not (public and later is not None):
        desk.apply(news)
    article.scheduled_for = later
    if later is None:
        show(article, article.published_at or utc_now())
        desk.log("published", written=newest)
    else:
        article.status = PUBLISHED if public else SCHEDULED
        desk.log("scheduled", written=newest)


def _later(at: datetime | None) -> datetime | None:
    """Return a time that is still to come; one that went by means now."""
    return at if at is not None and at > utc_now() else None


def _check_time(at: datetime | None) -> None:
    if at is not None:
        check_time(at, utc_now())


def show(article: Article, published_at: datetime) -> None:
    """Let readers see an article under this date; to them it is as old as that when they see it first."""
    if article.published_at is None:
        article.updated_at = published_at
    article.published_at = published_at
    article.status = PUBLISHED
    article.scheduled_for = None


def take_off_schedule(article: Article) -> None:
    """Let the article, or its newer draft, wait for a person again."""
    if article.status == SCHEDULED:
        article.status = _hidden(article)
    article.scheduled_for = None


def _hidden(article: Article) -> str:
    """Return what an article is that nobody is to see."""
    return DRAFT if article.published_at is None else UNPUBLISHED
