"""What all writes of articles have in common: a free slug, by-lines, tags, and the address that is left behind."""

import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from application.data import tags
from application.data.errors import Invalid
from application.data.invalidation import touch
from application.data.models import Article, ArticleAuthor, ArticleTag, OldAddress, Tag
from application.data.operations.inserting import insert_unless_there
from application.data.operations.surroundings import Around, address_of
from application.utils.text import numbered

MOST_NUMBERED = 20


def numbered_slugs(wished: str) -> list[str]:
    """Return the slug and the numbered ones that would do in its place: look around for all of them."""
    return [numbered(wished, number) for number in range(1, MOST_NUMBERED + 1)]


def free_slug(around: Around, wished: str) -> str:
    """Return the slug of a new article, or that with a number: nobody's, and no address that somebody left behind."""
    for slug in numbered_slugs(wished):
        if slug not in around.takers and address_of(slug) not in around.left:
            return slug
    # Whoever writes twenty articles of one title gets an odd address rather than a hundred statements.
    return f"{wished[:90]}-{secrets.token_hex(4)}"


def claimed_slug(around: Around, wished: str, article_id: int | None = None) -> str:
    """Return the slug that was asked for. Raises `Invalid` where another article is, or was, one in the bin too."""
    left = around.left.get(address_of(wished))
    if {around.takers.get(wished), left and left.article_id} - {None, article_id}:
        raise Invalid({"slug": "Another article has this address, or had it; please choose another."})
    return wished


def move(session: Session, article: Article, slug: str, around: Around) -> None:
    """Give the article another slug; if readers may know the old one, it leads to the new."""
    if slug == article.slug:
        return
    if article.published_at is not None:
        _keep_address(session, article, address_of(article.slug), around)
    article.slug = slug
    if (here := around.left.get(address_of(slug))) is not None:
        session.delete(here)


def _keep_address(session: Session, article: Article, address: str, around: Around) -> None:
    known = around.left.get(address)
    if known is None:
        session.add(OldAddress(address=address, article_id=article.article_id))
    elif known.article_id != article.article_id:
        known.article_id = article.article_id


def author_ids(around: Around, user_names: Sequence[str]) -> list[int]:
    """Return whose user names these are, in their order. Raises `Invalid` for a name that is nobody's."""
    if missing := [name for name in user_names if name not in around.profile_ids]:
        raise Invalid({"authors": f"There is no author named “{missing[0]}”."})
    return [around.profile_ids[name] for name in user_names]


def set_authors(article: Article, profile_ids: Sequence[int]) -> None:
    """Set the by-lines in their order. Raises `Invalid` for nobody."""
    wanted = list(dict.fromkeys(profile_ids))
    if not wanted:
        raise Invalid({"authors": "An article needs an author."})
    kept = {link.profile_id: link for link in article.authorships if link.profile_id in wanted}
    for position, profile_id in enumerate(wanted):
        link = kept.setdefault(profile_id, ArticleAuthor(profile_id=profile_id))
        link.position = position
    article.authorships = [kept[profile_id] for profile_id in wanted]


def set_tags(session: Session, article: Article, names: Mapping[str, str], around: Around) -> None:
    """Set the tags, given as slug → name; new ones are made, the names of known ones stay."""
    missing = {slug: name for slug, name in names.items() if slug not in around.tag_ids}
    ids = {**around.tag_ids, **_make_tags(session, missing)}
    tag_ids = {ids[slug] for slug in names}
    kept = {link.tag_id: link for link in article.taggings if link.tag_id in tag_ids}
    added = [ArticleTag(tag_id=tag_id) for tag_id in sorted(tag_ids - set(kept))]
    article.taggings = [*kept.values(), *added]


def _make_tags(session: Session, names: Mapping[str, str]) -> dict[str, int]:
    if not names:
        return {}
    rows = [{"slug": slug, "name": name} for slug, name in names.items()]
    adding = insert_unless_there(session, Tag).returning(Tag.slug, Tag.tag_id)
    ids = {row.slug: row.tag_id for row in session.execute(adding, rows)}
    touch(*map(tags.tag_slug, ids))
    if others := names.keys() - ids.keys():
        # Another writer made them since the look around.
        known = select(Tag.slug, Tag.tag_id).where(Tag.slug.in_(others))
        ids |= {row.slug: row.tag_id for row in session.execute(known)}
    return ids
