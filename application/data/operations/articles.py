"""Writing articles: create, edit, publish, take back."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.exc import StaleDataError

from application.data.errors import EditConflict, Invalid, NotFound
from application.data.models import DRAFT, PUBLISHED, UNPUBLISHED, Article, OldAddress
from application.data.operations.article_fields import prepare
from application.data.operations.article_parts import address_of, free_slug, move, set_authors, set_tags
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.types import utc_now
from application.utils.offload import run_in_thread
from application.utils.text import slugify

WRITTEN = ("title", "standfirst", "content", "html", "reading_minutes")

NAMELESS = "article"
"""The slug of a title without a letter."""


@decided_by_constraints
def create_article(
    author_profile_ids: Sequence[int],
    title: str,
    content: str,
    standfirst: str = "",
    publish: bool = False,
    tags: Sequence[str] = (),
) -> str:
    """Store a new article and return its slug. Raises `Invalid`, `DatabaseBusy`."""
    fields = run_in_thread(prepare, title, standfirst, content, tags)
    article = Article(**{name: getattr(fields, name) for name in WRITTEN})
    with transaction() as session:
        article.slug = free_slug(session, slugify(article.title) or NAMELESS)
        _show(article, publish)
        session.add(article)
        set_authors(session, article, author_profile_ids)
        set_tags(session, article, fields.labels)
        session.flush()
        return article.slug


@decided_by_constraints
def edit_article(
    slug: str,
    version: int,
    *,
    title: str,
    content: str,
    standfirst: str,
    publish: bool,
    tags: Sequence[str],
    new_slug: str | None = None,
    author_profile_ids: Sequence[int] | None = None,
) -> str:
    """Change an article that is still at this version and return its slug.

    What is given unchanged touches nothing. Raises `NotFound`, `EditConflict`, `Invalid`, `DatabaseBusy`.
    """
    fields = run_in_thread(prepare, title, standfirst, content, tags, new_slug)
    try:
        # Flushed once, at the end, where it shows whether anything was changed at all.
        with transaction() as session, session.no_autoflush:
            article = _find(session, slug)
            if article.version != version:
                raise EditConflict
            for name in WRITTEN:
                _assign(article, name, getattr(fields, name))
            if fields.slug is not None and fields.slug != article.slug:
                move(session, article, _claimed(session, fields.slug, article))
            if author_profile_ids is not None:
                set_authors(session, article, author_profile_ids)
            set_tags(session, article, fields.labels)
            _show(article, publish)
            _date(session, article)
            session.flush()
            return article.slug
    except StaleDataError as error:
        raise EditConflict from error


def publish_article(slug: str) -> None:
    """Let readers see an article. Raises `NotFound`."""
    _set_shown(slug, shown=True)


def unpublish_article(slug: str) -> None:
    """Take an article back from readers; it keeps its date, address and likes. Raises `NotFound`."""
    _set_shown(slug, shown=False)


def _set_shown(slug: str, *, shown: bool) -> None:
    with transaction() as session:
        article = _find(session, slug)
        _show(article, shown)
        _date(session, article)


def _find(session: Session, slug: str) -> Article:
    finding = select(Article).where(Article.slug == slug)
    article = session.scalar(finding.options(undefer(Article.content), undefer(Article.html)))
    if article is None:
        raise NotFound
    return article


def _assign(article: Article, field: str, value: object) -> None:
    if getattr(article, field) != value:
        setattr(article, field, value)


def _show(article: Article, publish: bool) -> None:
    if publish:
        article.published_at = article.published_at or utc_now()
        article.status = PUBLISHED
    else:
        article.status = DRAFT if article.published_at is None else UNPUBLISHED


def _date(session: Session, article: Article) -> None:
    """Date an edit that changed anything; an imported article is ours from now on."""
    if session.is_modified(article) or any(session.is_modified(link) for link in article.authorships):
        article.updated_at = utc_now()
        article.edited_here = article.source_name is not None


def _claimed(session: Session, wished: str, article: Article) -> str:
    """Return the slug that was asked for. Raises `Invalid` where another article is, or was."""
    there = select(Article.article_id).where(Article.slug == wished)
    left = select(OldAddress.article_id).where(OldAddress.address == address_of(wished))
    if {session.scalar(there), session.scalar(left)} - {None, article.article_id}:
        raise Invalid({"slug": "Another article has this address, or had it; please choose another."})
    return wished
