"""What all deeds on one article have in common: it is found, locked, compared, dated, revised and logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.exc import StaleDataError

from application.data.database import end_read_transaction
from application.data.errors import EditConflict, NotFound
from application.data.models import BINNED, PUBLISHED, Article, WorkingCopy
from application.data.operations.article_fields import Fields, prepare
from application.data.operations.article_parts import author_ids, claimed_slug, move, set_authors, set_tags
from application.data.operations.audit import known_user_id, note, subject_of
from application.data.operations.revising import revise, written_in, written_in_copy
from application.data.operations.transaction import transaction
from application.data.records import Actor, Saved, Written
from application.data.types import utc_now
from application.extensions import db
from application.utils.offload import run_in_thread

RENDERED = ("title", "standfirst", "content", "html", "reading_minutes", "canonical_url", "language", "direction")

Which = str | int
"""An article by its slug, or by its id."""


@dataclass(slots=True)
class Desk:
    """One article under the hands of one person, in one transaction."""

    session: Session
    article: Article
    copy: WorkingCopy | None
    by: Actor

    def written(self) -> Written:
        """Return what is newest: the working copy where there is one."""
        if self.copy is not None:
            return written_in_copy(self.copy, self.article.slug)
        return written_in(self.session, self.article)

    def apply(self, fields: Fields) -> None:
        """Make the article what these fields say; what is given unchanged touches nothing."""
        article = self.article
        for name in RENDERED:
            assign(article, name, getattr(fields, name))
        if fields.slug is not None and fields.slug != article.slug:
            move(self.session, article, claimed_slug(self.session, fields.slug, article.article_id))
        set_authors(self.session, article, author_ids(self.session, fields.authors))
        set_tags(self.session, article, fields.labels)
        article.updated_at = utc_now()
        self.drop_copy()

    def keep_copy(self, written: Written) -> None:
        """Keep this as the article's newer draft."""
        author_ids(self.session, written.authors)
        if written.slug is not None and written.slug != self.article.slug:
            claimed_slug(self.session, written.slug, self.article.article_id)
        if self.copy is None:
            self.copy = WorkingCopy(article_id=self.article.article_id)
            self.session.add(self.copy)
        for name in ("title", "standfirst", "content", "slug", "canonical_url", "language", "direction"):
            setattr(self.copy, name, getattr(written, name))
        self.copy.tags, self.copy.authors = list(written.tags), list(written.authors)
        self.copy.user_id = known_user_id(self.session, self.by)

    def drop_copy(self) -> None:
        """Forget the newer draft, and the time at which it would have been published."""
        if self.copy is not None:
            self.session.delete(self.copy)
            self.copy = None
            self.article.scheduled_for = None

    def done(
        self, deed: str, *, written: Written | None = None, before: Written | None = None, **details: object
    ) -> Saved:
        """Count a new version, keep what was written as a revision, and log the deed."""
        article = self.article
        article.saved_at = utc_now()
        # The importer leaves alone what was touched here.
        article.edited_here = article.source_name is not None
        # Flushed once, where everything about the article is known: the version moves by one.
        self.session.flush()
        if written is not None:
            revise(self.session, article, deed, self.by, written, before)
        note(self.session, deed, subject_of(article), self.by, version=article.version, **details)
        return self.saved()

    def saved(self) -> Saved:
        """Say where the article is now."""
        article = self.article
        return Saved(article.article_id, article.slug, article.version, article.status, article.scheduled_for)


@contextmanager
def at_desk(which: Which, version: int | None, by: Actor, *, binned: bool = False) -> Iterator[Desk]:
    """Take one article, at this version if one is given. Raises `NotFound`, `EditConflict`, `DatabaseBusy`."""
    try:
        with transaction() as session, session.no_autoflush:
            article = session.scalar(
                select(Article)
                .where(_is(which), (Article.status == BINNED) if binned else (Article.status != BINNED))
                .options(undefer(Article.content), undefer(Article.html))
                .with_for_update()
                # Read again what the session knew before it waited for the lock.
                .execution_options(populate_existing=True)
            )
            if article is None:
                raise NotFound
            if version is not None and article.version != version:
                raise EditConflict
            yield Desk(session, article, session.get(WorkingCopy, article.article_id), by)
    except StaleDataError as error:
        raise EditConflict from error


def peek(which: Which, version: int | None) -> tuple[int, Fields | None]:
    """Return an article's version, and its newer draft rendered, outside of any lock.

    Raises `NotFound`, `EditConflict`, `Invalid`.
    """
    end_read_transaction()
    found = db.session.execute(
        select(Article.version, Article.slug, WorkingCopy)
        .outerjoin(WorkingCopy, WorkingCopy.article_id == Article.article_id)
        .where(_is(which), Article.status != BINNED)
    ).one_or_none()
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise EditConflict
    if found.WorkingCopy is None:
        return found.version, None
    return found.version, run_in_thread(prepare, written_in_copy(found.WorkingCopy, found.slug))


def assign(row: object, field: str, value: object) -> None:
    """Set a field that is another now."""
    if getattr(row, field) != value:
        setattr(row, field, value)


def is_public(article: Article) -> bool:
    """Tell whether readers see the article."""
    return article.status == PUBLISHED


def _is(which: Which) -> ColumnElement[bool]:
    return Article.slug == which if isinstance(which, str) else Article.article_id == which
