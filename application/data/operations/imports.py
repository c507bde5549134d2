"""Storing one article that another system published: all of it, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from application.data.models import (
    BINNED,
    DISPLAY_NAME_LENGTH,
    DRAFT,
    PUBLISHED,
    UNPUBLISHED,
    USER_NAME_LENGTH,
    Article,
    ArticleAuthor,
    ArticleTag,
    OldAddress,
    Profile,
    Tag,
    User,
)
from application.data.operations.article_parts import free_slug, numbered_slugs, set_authors, set_tags
from application.data.operations.revising import COPIED, Save, revise
from application.data.operations.surroundings import Around, Wanted, address_of, look_around
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.records import Actor, Written
from application.data.types import utc_now
from application.utils.text import fold, numbered, slugify

MOST_NAMESAKES = 50
NAMELESS = "author"
_IMPORTER = Actor(None, "the importer")

Outcome = Literal["new", "updated", "unchanged", "edited here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedArticle:
    """An article of another system. `authors` are (key in its table or "", name), `tags` slug → name.

    `guessed_by` holds, for addresses that it names, the paths of those posts of its source that only guess them.
    """

    source_name: str
    source_path: str
    source_hash: str
    slug: str
    title: str
    standfirst: str
    content: str
    html: str
    reading_minutes: int
    published_at: datetime | None
    language: str
    direction: str
    authors: tuple[tuple[str, str], ...]
    tags: Mapping[str, str]
    addresses: tuple[str, ...]
    guessed_by: Mapping[str, frozenset[str]] = field(default_factory=dict)


@decided_by_constraints
def store_imported(article: ImportedArticle, *, overwrite: bool = False) -> Outcome:
    """Store an article, or bring the one from the same file up to date; its address stays what it was.

    One that was edited here is left alone unless `overwrite`. Raises `DatabaseBusy`.
    """
    with transaction() as session:
        known = _find(session, article)
        if known is not None and (known.edited_here or known.status == BINNED) and not overwrite:
            return "edited here"
        if known is not None and known.source_hash == article.source_hash and not known.edited_here:
            return "unchanged"
        profile_ids = list(
            dict.fromkeys(_profile_id(session, article.source_name, *author) for author in article.authors)
        )
        slugs = () if known else numbered_slugs(article.slug)
        article_id = None if known is None else known.article_id
        around = look_around(session, article_id, None, Wanted(tags=article.tags, slugs=slugs))
        stored = known or _new(session, article, around)
        # Flushed once, at the end, so that the version moves by one and the caches hear of it once.
        with session.no_autoflush:
            _fill(stored, article)
            if profile_ids:
                set_authors(stored, profile_ids)
            else:
                stored.authorships = []
            set_tags(session, stored, article.tags, around)
            session.flush()
            revise(session, stored, around.revisions, _IMPORTER, [Save("imported", _written_in(session, stored))])
            _keep_addresses(session, stored, article)
    return "new" if known is None else "updated"


def _find(session: Session, article: ImportedArticle) -> Article | None:
    finding = select(Article).where(
        Article.source_name == article.source_name, Article.source_path == article.source_path
    )
    return session.scalar(finding.options(undefer(Article.content), undefer(Article.html)))


def _new(session: Session, article: ImportedArticle, around: Around) -> Article:
    stored = Article(
        slug=free_slug(around, article.slug),
        source_name=article.source_name,
        source_path=article.source_path,
        # It is as old as its publication: to readers, coming here was no change.
        updated_at=article.published_at or utc_now(),
    )
    session.add(stored)
    return stored


def _written_in(session: Session, article: Article) -> Written:
    """Return the article as it would be typed now."""
    authors = select(Profile.user_name).join(ArticleAuthor, ArticleAuthor.profile_id == Profile.profile_id)
    names = select(Tag.name).join(ArticleTag, ArticleTag.tag_id == Tag.tag_id)
    here = ArticleAuthor.article_id == article.article_id
    return Written(
        **{name: getattr(article, name) for name in COPIED},
        slug=article.slug,
        authors=tuple(session.scalars(authors.where(here).order_by(ArticleAuthor.position))),
        tags=tuple(session.scalars(names.where(ArticleTag.article_id == article.article_id).order_by(Tag.slug))),
    )


def _fill(stored: Article, article: ImportedArticle) -> None:
    is_known = stored.article_id is not None
    values = {
        name: getattr(article, name)
        for name in (
            "title",
            "standfirst",
            "content",
            "html",
            "reading_minutes",
            "language",
            "direction",
            "source_hash",
        )
    }
    values["published_at"] = article.published_at or stored.published_at
    values["status"] = PUBLISHED if article.published_at else UNPUBLISHED if stored.published_at else DRAFT
    # One that lay in the bin, or waited for its time, is what its file says.
    values.update(edited_here=False, scheduled_for=None, binned_at=None, binned_from=None)
    if is_known:
        values["updated_at"] = values["saved_at"] = utc_now()
    for name, value in values.items():
        if getattr(stored, name) != value:
            setattr(stored, name, value)


def _keep_addresses(session: Session, stored: Article, article: ImportedArticle) -> None:
    """Let old addresses lead here, but those that are an article's own or lead to another one already.

    What another post of the same source only guessed is taken from it.
    """
    live = _live_addresses(session, article.addresses)
    wanted = [address for address in article.addresses if address not in live]
    holders = select(OldAddress, Article.source_name, Article.source_path).join(
        Article, Article.article_id == OldAddress.article_id
    )
    known = {row.OldAddress.address: row for row in session.execute(holders.where(OldAddress.address.in_(wanted)))}
    for address in wanted:
        row = known.get(address)
        if row is None:
            session.add(OldAddress(address=address, article_id=stored.article_id))
        elif row.source_name == article.source_name and row.source_path in article.guessed_by.get(address, ()):
            row.OldAddress.article_id = stored.article_id


def _live_addresses(session: Session, addresses: tuple[str, ...]) -> set[str]:
    prefix = address_of("")
    slugs = [address.removeprefix(prefix) for address in addresses if address.startswith(prefix)]
    found = session.scalars(select(Article.slug).where(Article.slug.in_(slugs))) if slugs else ()
    return {address_of(slug) for slug in found}


def _profile_id(session: Session, source_name: str, key: str, name: str) -> int:
    """Return the author that a source means by a key or a name, made when there is none.

    A profile is theirs if it has articles of this source, or if it bears the name and is nobody's account: a stranger
    who registered under the same name is somebody else, and so is another blog's author with the same key.
    """
    name = name[:DISPLAY_NAME_LENGTH]
    wished = slugify(key or name, USER_NAME_LENGTH) or NAMELESS
    candidates = [numbered(wished, number, USER_NAME_LENGTH) for number in range(1, MOST_NAMESAKES + 1)]
    profiles = {p.user_name: p for p in session.scalars(select(Profile).where(Profile.user_name.in_(candidates)))}
    accounts = set(session.scalars(select(User.username).where(User.username.in_(candidates))))
    ours = _writers_of(session, source_name, [p.profile_id for p in profiles.values()])
    for candidate in candidates:
        profile = profiles.get(candidate)
        if profile is None and candidate in accounts:
            continue
        if profile is None:
            return _make_profile(session, candidate, name)
        is_ours = profile.profile_id in ours
        if is_ours or (profile.user_id is None and slugify(fold(profile.display_name)) == slugify(fold(name))):
            if is_ours and key and profile.user_id is None and profile.display_name != name:
                # The blog's table says the name; an account's owner says their own.
                profile.display_name = name
            return profile.profile_id
    return _make_profile(session, f"{wished[:60]}-{len(profiles)}", name)


def _writers_of(session: Session, source_name: str, profile_ids: list[int]) -> set[int]:
    writers = (
        select(ArticleAuthor.profile_id)
        .join(Article, Article.article_id == ArticleAuthor.article_id)
        .where(ArticleAuthor.profile_id.in_(profile_ids), Article.source_name == source_name)
    )
    return set(session.scalars(writers.distinct())) if profile_ids else set()


def _make_profile(session: Session, user_name: str, name: str) -> int:
    profile = Profile(user_name=user_name, display_name=name)
    session.add(profile)
    session.flush()
    return profile.profile_id
