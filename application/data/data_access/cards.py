"""Cards and pages of cards: what all lists of articles have in common."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from application.config import PAGE_SIZE
from application.data import tags
from application.data.database import read
from application.data.models import Article, ArticleAuthor, Profile
from application.data.records import Card, CardPage, Person
from application.data.types import UTCDateTime
from application.extensions import cache
from application.utils.pagination import TOP, Position, write_cursor

Rows = Select[*tuple[Any, ...]]

CARD_COLUMNS = (
    Article.article_id,
    Article.slug,
    Article.title,
    Article.standfirst,
    Article.published_at,
    Article.reading_minutes,
    Article.language,
    Article.direction,
)

_AUTHORS_OF = (
    select(
        ArticleAuthor.article_id,
        ArticleAuthor.position,
        Profile.profile_id,
        Profile.user_name,
        Profile.display_name,
    )
    .join(Profile, Profile.profile_id == ArticleAuthor.profile_id)
    .where(ArticleAuthor.article_id.in_(bindparam("article_ids", expanding=True)))
)


def one_page(statement: Rows, published_at: InstrumentedAttribute[Any], article_id: InstrumentedAttribute[int]) -> Rows:
    """Take from a list of articles a position and what follows it, newest first, and one more to see if it goes on.

    The position is bound at each execution, see `bound_to`: a statement is built once, which takes longer than running
    it.
    """
    return (
        statement.where(_is_at_or_after(published_at, article_id))
        .order_by(published_at.desc(), article_id.desc())
        .limit(PAGE_SIZE + 2)
    )


def bound_to(before: Position) -> dict[str, Any]:
    """Return what binds a statement of `one_page` to a position."""
    return {"before_at": before.at, "before_id": before.article_id}


def make_page(rows: Sequence[Any], before: Position) -> CardPage:
    """Make the page from what `one_page` selected; one statement more, for the authors."""
    following = _beyond(rows, before)
    shown = following[:PAGE_SIZE]
    older = None
    if len(following) > PAGE_SIZE:
        older = write_cursor(Position(shown[-1].published_at, shown[-1].article_id))
    return CardPage(make_cards(shown), older)


def make_cards(rows: Sequence[Any]) -> tuple[Card, ...]:
    """Make cards from rows of `CARD_COLUMNS`, and note what they show."""
    authors = read_authors(row.article_id for row in rows)
    return tuple(make_card(row, authors[row.article_id]) for row in rows)


def make_card(row: Any, authors: tuple[Person, ...]) -> Card:
    """Make one card, and note what it shows."""
    cache.depends_on(tags.card(row.article_id))
    # The record's fields in their order; a list's owner may stand before them.
    facts: list[Any] = [*row[-len(CARD_COLUMNS) :], authors]
    return Card(*facts)


def read_authors(article_ids: Iterable[int]) -> dict[int, tuple[Person, ...]]:
    """Read the authors of several articles in their order, and note them; () for an article without."""
    wanted = list(article_ids)
    found: defaultdict[int, tuple[Person, ...]] = defaultdict(tuple)
    if not wanted:
        return found
    rows = read(_AUTHORS_OF, {"article_ids": wanted})
    # Sorted here: a handful of rows costs the database a sort of its own.
    for row in sorted(rows, key=lambda row: (row.article_id, row.position)):
        found[row.article_id] += (note(Person(row.profile_id, row.user_name, row.display_name)),)
    return found


def note(person: Person) -> Person:
    """Note that a name is shown."""
    cache.depends_on(tags.person(person.profile_id))
    return person


def _beyond(rows: Sequence[Any], before: Position) -> Sequence[Any]:
    """Leave out the row at the position itself."""
    if rows and Position(rows[0].published_at, rows[0].article_id) == before:
        return rows[1:]
    if before != TOP:
        # No page links here (any more): it is answered, but made-up positions must not fill the cache.
        cache.do_not_store("cursor")
    return rows


def _is_at_or_after(
    published_at: InstrumentedAttribute[Any], article_id: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    # A row value: both databases walk their index from exactly this place.
    at, id_ = bindparam("before_at", type_=UTCDateTime), bindparam("before_id", type_=BigInteger)
    return tuple_(published_at, article_id) <= tuple_(at, id_)
