"""Writing articles: create, save, publish, take back, discard, restore."""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import undefer

from application.data.errors import AlreadySent, EditConflict, Invalid, NotFound
from application.data.models import DRAFT, PUBLISHED, SCHEDULED, UNPUBLISHED, Article, Revision, WorkingCopy
from application.data.operations import sent_forms
from application.data.operations.article_fields import Fields, check_time, prepare
from application.data.operations.article_parts import author_ids, claimed_slug, free_slug, set_authors, set_tags
from application.data.operations.editing import RENDERED, Desk, Which, at_desk, is_public, peek
from application.data.operations.revising import is_same, written_from
from application.data.operations.transaction import TRIES, decided_by_constraints, transaction
from application.data.records import Actor, Saved, Written
from application.data.types import utc_now
from application.utils.offload import run_in_thread
from application.utils.text import slugify

NAMELESS = "article"
"""The slug of a title without a letter."""


@decided_by_constraints
def create_article(written: Written, by: Actor, form_key: str | None = None) -> Saved:
    """Store a new draft, at the slug it wishes for or at one made from its title.

    A form that was sent before is what it became then. Raises `Invalid`, `DatabaseBusy`, and `AlreadySent` where that
    says something else.
    """
    fields = run_in_thread(prepare, written)
    article = Article(status=DRAFT, **{name: getattr(fields, name) for name in RENDERED})
    with transaction() as session, session.no_autoflush:
        if (known := sent_forms.find(session, by, form_key)) is not None:
            return _as_sent(Desk(session, known, session.get(WorkingCopy, known.article_id), by), fields)
        wished = fields.slug and claimed_slug(session, fields.slug)
        article.slug = wished or free_slug(session, slugify(article.title) or NAMELESS)
        session.add(article)
        set_authors(session, article, author_ids(session, fields.authors))
        set_tags(session, article, fields.labels)
        saved = Desk(session, article, None, by).done("created", written=written_from(fields, article.slug))
        sent_forms.note(session, by, form_key, saved.article_id)
        return saved


@decided_by_constraints
def save_article(which: Which, version: int, written: Written, by: Actor) -> Saved:
    """Save an article that is still at this version: itself, or as a newer draft beside what readers see.

    What is given unchanged is no save. Raises `NotFound`, `EditConflict`, `Invalid`, `DatabaseBusy`.
    """
    return _save(which, version, written, by)


@decided_by_constraints
def restore_revision(slug: str, version: int, number: int, by: Actor) -> Saved:
    """Save an earlier text once more; the address and the by-lines stay what they are. Raises as `save_article`."""
    with at_desk(slug, version, by) as desk:
        now = desk.written()
        found = desk.session.scalar(
            select(Revision)
            .where(Revision.article_id == desk.article.article_id, Revision.number == number)
            .options(undefer(Revision.fields))
        )
        if found is None:
            raise NotFound
        earlier = msgspec.convert(found.fields, Written)
    return _save(slug, version, msgspec.structs.replace(earlier, slug=now.slug, authors=now.authors), by, "restored")


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
        article = desk.article
        if article.scheduled_for is None:
            return desk.saved()
        take_off_schedule(article)
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
    if at is not None:
        check_time(at, utc_now())
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


def _as_sent(desk: Desk, fields: Fields) -> Saved:
    now = desk.written()
    if not is_same(now, written_from(fields, now.slug)):
        raise AlreadySent(desk.article.article_id)
    return desk.saved()


def _save(which: Which, version: int, written: Written, by: Actor, deed: str | None = None) -> Saved:
    fields = run_in_thread(prepare, written)
    with at_desk(which, version, by) as desk:
        before = desk.written()
        after = written_from(fields, before.slug)
        if is_same(before, after):
            return desk.saved()
        public = is_public(desk.article)
        if public:
            desk.keep_copy(after)
        else:
            desk.apply(fields)
        return desk.done(deed or ("draft" if public else "saved"), written=after, before=before)


def _publish(which: Which, version: int | None, by: Actor, at: datetime | None) -> Saved:
    seen, fields = peek(which, version)
    with at_desk(which, seen, by) as desk:
        article, now = desk.article, utc_now()
        later = at if at is not None and at > now else None
        public = is_public(article)
        if public and fields is None:
            if later is not None:
                raise Invalid({"at": "Readers see this text already: there are no changes to publish later."})
            return desk.saved()
        if later is not None and later == article.scheduled_for and (public or fields is None):
            return desk.saved()
        before = desk.written()
        # What readers see stays as it is until the time comes.
        if fields is not None and not (public and later is not None):
            desk.apply(fields)
        article.scheduled_for = later
        if later is None:
            show(article, article.published_at or now)
            return desk.done("published", written=before)
        article.status = PUBLISHED if public else SCHEDULED
        return desk.done("scheduled", written=before)


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
