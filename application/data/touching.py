"""The rules of invalidation: which tags a changed row touches, exactly.

A list is touched by what it shows and by who is in it; an article's own tag by any change that its page shows;
its likes by the count alone. What readers see neither before nor after a change touches nothing, and so do all tables
that are not named here. What is noted by `data_access` must match.
"""

from collections.abc import Iterator
from typing import Any, Literal

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from application.data import tags
from application.data.models import (
    PUBLISHED,
    Article,
    ArticleAuthor,
    ArticleTag,
    OldAddress,
    Profile,
    Tag,
)
from application.extensions import Base

Link = ArticleAuthor | ArticleTag
Touch = tuple[Literal["changed", "withdrawn"], list[str]]

ON_CARDS = frozenset(
    {"slug", "title", "standfirst", "status", "published_at", "reading_minutes", "language", "direction"}
)
SHOWN_NOWHERE = frozenset(
    {
        "like_count",
        "version",
        "saved_at",
        "scheduled_for",
        "binned_at",
        "binned_from",
        "source_name",
        "source_path",
        "source_hash",
        "edited_here",
    }
)


def of_changed(session: Session) -> Iterator[Touch]:
    """Yield what the new and changed objects of this flush touch; call it after the flush."""
    for item in session.new:
        yield from _of_new(item)
    for item in session.dirty:
        if changed := _changed_columns(item):
            yield from _of_dirty(item, changed)


def of_removed_link(link: Link) -> Touch:
    """Return what a by-line or tag that is being removed touches."""
    return "changed", _of_link(link) if _before(link, "published_at") is not None else []


def of_deleted(session: Session) -> Iterator[Touch]:
    """Yield what deleted rows touch, with what hangs on them; call it before the flush."""
    for item in session.deleted:
        if isinstance(item, Article):
            if _was_listed(item):
                links: list[Link] = [*item.authorships, *item.taggings]
                yield "withdrawn", [*_names(item), tags.latest(), *(_list_of(link) for link in links)]
        elif isinstance(item, Profile):
            yield "withdrawn", [tags.person(item.profile_id), tags.user_name(item.user_name)]
        elif isinstance(item, Tag):
            yield "withdrawn", [tags.tag_slug(item.slug), tags.tag_list(item.tag_id)]
        elif isinstance(item, OldAddress):
            yield "withdrawn", [tags.old_address(item.address)]


def _of_new(item: Base) -> Iterator[Touch]:
    if isinstance(item, Article):
        yield "changed", [*_names(item), tags.latest()] if item.listed_at else []
    elif isinstance(item, Link):
        yield "changed", _of_link(item) if item.published_at is not None else []
    elif isinstance(item, Profile):
        yield "changed", [tags.person(item.profile_id), tags.user_name(item.user_name)]
    elif isinstance(item, Tag):
        yield "changed", [tags.tag_slug(item.slug)]
    elif isinstance(item, OldAddress):
        yield "changed", [tags.old_address(item.address)]


def _of_dirty(item: Base, changed: set[str]) -> Iterator[Touch]:
    if isinstance(item, Article):
        yield from _of_article(item, changed)
    elif isinstance(item, Link):
        yield from _of_dirty_link(item, changed)
    elif isinstance(item, Profile):
        if "user_name" in changed:
            yield "changed", [tags.user_name(_before(item, "user_name")), tags.user_name(item.user_name)]
        if changed & {"user_name", "display_name", "biography"}:
            yield "changed", [tags.person(item.profile_id)]
    elif isinstance(item, Tag):
        yield "changed", [tags.tag_slug(_before(item, "slug")), tags.tag_slug(item.slug)]
    elif isinstance(item, OldAddress):
        yield "changed", [tags.old_address(_before(item, "address")), tags.old_address(item.address)]


def _of_article(item: Article, changed: set[str]) -> Iterator[Touch]:
    if "like_count" in changed:
        yield "changed", [tags.likes(item.article_id)]
    if not changed - SHOWN_NOWHERE or not (item.listed_at or _was_listed(item)):
        return
    withdrawn = _before(item, "status") == PUBLISHED != item.status
    kind: Literal["changed", "withdrawn"] = "withdrawn" if withdrawn else "changed"
    yield kind, [tags.article(item.article_id)]
    if changed & ON_CARDS:
        yield kind, [tags.card(item.article_id)]
    if changed & {"slug", "status"}:
        yield kind, [tags.slug(_before(item, "slug")), tags.slug(item.slug)]
    if _was_listed(item) != item.listed_at:
        yield kind, [tags.latest()]


def _names(item: Article) -> list[str]:
    return [
        tags.article(item.article_id),
        tags.card(item.article_id),
        tags.likes(item.article_id),
        tags.slug(item.slug),
    ]


def _of_dirty_link(link: Link, changed: set[str]) -> Iterator[Touch]:
    before = _before(link, "published_at")
    if before is None and link.published_at is None:
        return
    # The list itself is another one only if its order is.
    yield "changed", _of_link(link)[: None if "published_at" in changed else -1]


def _of_link(link: Link) -> list[str]:
    """Name the article that gained, lost or moved a by-line or a tag, and last the list that it is in."""
    touched = [tags.article(link.article_id)]
    if isinstance(link, ArticleAuthor):
        touched.append(tags.card(link.article_id))
    return [*touched, _list_of(link)]


def _list_of(link: Link) -> str:
    if isinstance(link, ArticleAuthor):
        return tags.author_list(link.profile_id)
    return tags.tag_list(link.tag_id)


def _was_listed(item: Article) -> Any:
    """Return what `listed_at` was before this flush."""
    return _before(item, "published_at") if _before(item, "status") == PUBLISHED else None


def _changed_columns(item: Base) -> set[str]:
    state = inspect(item)
    return {column.key for column in state.mapper.column_attrs if state.attrs[column.key].history.has_changes()}


def _before(item: Base, attribute: str) -> Any:
    """Return the value that the database had before this flush."""
    history = inspect(item).attrs[attribute].history
    return history.deleted[0] if history.deleted else getattr(item, attribute)
