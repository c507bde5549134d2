"""What all writes of articles have in common: a free slug, by-lines, tags, and the address that is left behind."""

import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from application.data import tags
from application.data.errors import Invalid
from application.data.invalidation import touch
from application.data.models import Article, ArticleAuthor, ArticleTag, OldAddress, Profile, Tag
from application.data.operations.inserting import insert_unless_there
from application.utils.text import fold, numbered

MOST_NUMBERED = 20


def free_slug(session: Session, wished: str, article_id: int | None = None) -> str:
    """Return the slug, or that with a number: neither another article's nor an address it left behind."""
    slugs = [numbered(wished, number) for number in range(1, MOST_NUMBERED + 1)]
    there = select(Article.slug).where(Article.slug.in_(slugs), Article.article_id != (article_id or 0))
    left = select(OldAddress.address).where(
        OldAddress.address.in_([address_of(slug) for slug in slugs]), OldAddress.article_id != (article_id or 0)
    )
    taken = {*session.scalars(there), *(address.rpartition("/")[2] for address in session.scalars(left))}
    for slug in slugs:
        if slug not in taken:
            return slug
    # Whoever writes twenty articles of one title gets an odd address rather than a hundred statements.
    return f"{wished[:90]}-{secrets.token_hex(4)}"


def claimed_slug(session: Session, wished: str, article_id: int | None = None) -> str:
    """Return the slug that was asked for. Raises `Invalid` where another article is, or was, one in the bin too."""
    there = select(Article.article_id).where(Article.slug == wished)
    left = select(OldAddress.article_id).where(OldAddress.address == address_of(wished))
    if {session.scalar(there), session.scalar(left)} - {None, article_id}:
        raise Invalid({"slug": "Another article has this address, or had it; please choose another."})
    return wished


def address_of(slug: str) -> str:
    """Return the folded path of an article."""
    return fold(f"/articles/{slug}")


def move(session: Session, article: Article, slug: str) -> None:
    """Give the article another slug; if readers may know the old one, it leads to the new."""
    if slug == article.slug:
        return
    if article.published_at is not None:
        keep_address(session, article, address_of(article.slug))
    article.slug = slug
    here = session.scalar(select(OldAddress).where(OldAddress.address == address_of(slug)))
    if here is not None:
        session.delete(here)


def keep_address(session: Session, article: Article, address: str) -> None:
    """Let an old address lead to this article."""
    known = session.scalar(select(OldAddress).where(OldAddress.address == address))
    if known is None:
        session.add(OldAddress(address=address, article_id=article.article_id))
    elif known.article_id != article.article_id:
        known.article_id = article.article_id


def set_authors(session: Session, article: Article, profile_ids: Sequence[int]) -> None:
    """Set the by-lines in their order. Raises `Invalid` for nobody or for an author who is not there."""
    wanted = list(dict.fromkeys(profile_ids))
    known = set(session.scalars(select(Profile.profile_id).where(Profile.profile_id.in_(wanted))))
    if not wanted or known != set(wanted):
        raise Invalid({"authors": "An article needs authors who exist."})
    kept = {link.profile_id: link for link in article.authorships if link.profile_id in known}
    for position, profile_id in enumerate(wanted):
        link = kept.setdefault(profile_id, ArticleAuthor(profile_id=profile_id))
        link.position = position
    article.authorships = [kept[profile_id] for profile_id in wanted]


def author_ids(session: Session, user_names: Sequence[str]) -> list[int]:
    """Return whose user names these are, in their order. Raises `Invalid` for a name that is nobody's."""
    known = select(Profile.user_name, Profile.profile_id).where(Profile.user_name.in_(user_names))
    ids = {row.user_name: row.profile_id for row in session.execute(known)}
    if missing := [name for name in user_names if name not in ids]:
        raise Invalid({"authors": f"There is no author named “{missing[0]}”."})
    return [ids[name] for name in user_names]


def set_tags(session: Session, article: Article, names: Mapping[str, str]) -> None:
    """Set the tags, given as slug → name; new ones are made, the names of known ones stay."""
    known = select(Tag.slug, Tag.tag_id).where(Tag.slug.in_(names))
    ids = {row.slug: row.tag_id for row in session.execute(known)} if names else {}
    tag_ids = {ids[slug] if slug in ids else _ensure_tag(session, slug, name) for slug, name in names.items()}
    kept = {link.tag_id: link for link in article.taggings if link.tag_id in tag_ids}
    added = [ArticleTag(tag_id=tag_id) for tag_id in sorted(tag_ids - set(kept))]
    article.taggings = [*kept.values(), *added]


def _ensure_tag(session: Session, slug: str, name: str) -> int:
    adding = insert_unless_there(session, Tag).values(slug=slug, name=name).returning(Tag.tag_id)
    made = session.scalar(adding)
    if made is not None:
        touch(tags.tag_slug(slug))
        return made
    # Another writer made it since the look above.
    return session.scalars(select(Tag.tag_id).where(Tag.slug == slug)).one()
