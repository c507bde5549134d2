"""What all deeds on one article have in common: it is found, locked, compared, dated, revised and logged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from application.data.database import end_read_transaction
from application.data.errors import EditConflict, NotFound
from application.data.models import BINNED, PUBLISHED, Article, ArticleTag, WorkingCopy
from application.data.operations.article_fields import Fields, prepare
from application.data.operations.article_parts import author_ids, claimed_slug, move, set_authors, set_tags
from application.data.operations.audit import note_all, subject_of
from application.data.operations.revising import Save, revise, written_in, written_in_copy
from application.data.operations.surroundings import Around, Wanted, look_around
from application.data.operations.transaction import transaction
from application.data.records import Actor, Saved, Standing, Written
from application.data.types import utc_now
from application.extensions import db
from application.utils.offload import run_in_turn

RENDERED = ("title", "standfirst", "content", "html", "reading_minutes", "canonical_url", "language", "direction")

Which = str | int
"""An article by its slug, or by its id."""

Ask = Callable[[Standing], None]
"""A rule that is asked once the article is held; it raises whatever keeps a person from going on."""


@dataclass(slots=True)
class Desk:
    """One article under the hands of one person, in one transaction."""

    session: Session
    article: Article
    around: Around
    by: Actor
    _saves: list[Save] = field(default_factory=list)
    _deeds: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    @property
    def copy(self) -> WorkingCopy | None:
        """Return the newer draft, if there is one."""
        return self.around.copy

    def written(self) -> Written:
        """Return what was newest when the article was taken: the newer draft where there is one."""
        if self.copy is not None:
            return written_in_copy(self.copy, self.article.slug)
        return written_in(self.article, self.around)

    def apply(self, fields: Fields) -> None:
        """Make the article what these fields say; what is given unchanged touches nothing."""
        article = self.article
        for name in RENDERED:
            assign(article, name, getattr(fields, name))
        if fields.slug is not None and fields.slug != article.slug:
            move(self.session, article, claimed_slug(self.around, fields.slug, article.article_id), self.around)
        set_authors(article, author_ids(self.around, fields.authors))
        set_tags(self.session, article, fields.labels, self.around)
        article.updated_at = utc_now()
        self.drop_copy()

    def keep_copy(self, written: Written) -> None:
        """Keep this as the article's newer draft."""
        author_ids(self.around, written.authors)
        if written.slug is not None and written.slug != self.article.slug:
            claimed_slug(self.around, written.slug, self.article.article_id)
        copy = self.copy
        if copy is None:
            copy = self.around.copy = WorkingCopy(article_id=self.article.article_id)
            self.session.add(copy)
        for name in ("title", "standfirst", "content", "slug", "canonical_url", "language", "direction"):
            setattr(copy, name, getattr(written, name))
        copy.tags, copy.authors = list(written.tags), list(written.authors)
        copy.user_id = self.by.user_id

    def drop_copy(self) -> None:
        """Forget the newer draft, and the time at which it would have been published."""
        if self.copy is not None:
            self.session.delete(self.copy)
            self.around.copy = None
            self.article.scheduled_for = None

    def log(
        self, deed: str, *, written: Written | None = None, before: Written | None = None, **details: object
    ) -> None:
        """Remember a deed for the history, if it is about what was written, and for the log."""
        self._deeds.append((deed, details))
        if written is not None:
            self._saves.append(Save(deed, written, before))

    def done(
        self, deed: str, *, written: Written | None = None, before: Written | None = None, **details: object
    ) -> Saved:
        """Log a last deed, and finish."""
        self.log(deed, written=written, before=before, **details)
        return self.finish()

    def finish(self) -> Saved:
        """Count a new version, keep what was written as revisions, and note what was done, if anything was."""
        article = self.article
        if not self._deeds:
            return self.saved()
        article.saved_at = utc_now()
        # The importer leaves alone what was touched here.
        article.edited_here = article.source_name is not None
        # Flushed once, where everything about the article is known: the version moves by one.
        self.session.flush()
        revise(self.session, article, self.around.revisions, self.by, self._saves)
        version = {"version": article.version}
        noted = [(deed, {**version, **details}) for deed, details in self._deeds]
        note_all(self.session, subject_of(article), self.by, noted)
        return self.saved()

    def saved(self) -> Saved:
        """Say where the article is now."""
        article = self.article
        return Saved(article.article_id, article.slug, article.version, article.status, article.scheduled_for)

    def standing(self, asking: Actor) -> Standing:
        """Say where the article stands, for whoever asks whether they may go on."""
        article, written = self.article, self.written()
        mine = asking.user_id is not None and asking.user_id in {line.user_id for line in self.around.by_lines}
        return Standing(
            article_id=article.article_id,
            slug=article.slug,
            title=written.title,
            status=article.status,
            version=article.version,
            is_mine=mine,
            authors=written.authors,
            own_name=self.around.own_name,
        )


@contextmanager
def at_desk(
    which: Which,
    version: int | None,
    by: Actor,
    *,
    binned: bool = False,
    wanted: Wanted = Wanted(),  # noqa: B008 - it is empty, and a tuple
    ask: Ask | None = None,
) -> Iterator[Desk]:
    """Take one article, at this version if one is given; two statements.

    Raises `NotFound`, `EditConflict`, `DatabaseBusy`, and what `ask` raises.
    """
    try:
        with transaction() as session, session.no_autoflush:
            desk = take(session, which, by, wanted, binned=binned)
            if ask is not None:
                ask(desk.standing(by))
            if version is not None and desk.article.version != version:
                raise EditConflict
            yield desk
    except StaleDataError as error:
        raise EditConflict from error


def take(session: Session, which: Which, by: Actor, wanted: Wanted, *, binned: bool = False) -> Desk:
    """Lock one article in this session's transaction, and look around it as it is then. Raises `NotFound`."""
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
    around = _look_around(session, article, by, wanted)
    # The account may have been deleted meanwhile: the name is what stays.
    return Desk(session, article, around, Actor(around.account, by.name))


def _look_around(session: Session, article: Article, by: Actor, wanted: Wanted) -> Around:
    # Of its own address, what led to it once is moved with it.
    wanted = wanted._replace(slugs={*wanted.slugs, article.slug})
    around = look_around(session, article.article_id, by.user_id, wanted)
    set_committed_value(article, "authorships", [by_line.link for by_line in around.by_lines])
    set_committed_value(article, "taggings", sorted((tagging.link for tagging in around.taggings), key=_tag_id))
    return around


def _tag_id(link: ArticleTag) -> int:
    return link.tag_id


def peek(which: Which, version: int | None, by: Actor) -> tuple[int, Fields | None]:
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
    return found.version, run_in_turn(by.user_id, prepare, written_in_copy(found.WorkingCopy, found.slug))


def assign(row: object, field: str, value: object) -> None:
    """Set a field that is another now."""
    if getattr(row, field) != value:
        setattr(row, field, value)


def is_public(article: Article) -> bool:
    """Tell whether readers see the article."""
    return article.status == PUBLISHED


def _is(which: Which) -> ColumnElement[bool]:
    return Article.slug == which if isinstance(which, str) else Article.article_id == which
