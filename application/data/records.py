"""Small frozen records: what is cached and what templates receive. Times are aware and in UTC."""

from datetime import datetime

from msgspec import Struct


class Person(Struct, frozen=True):
    """An author as a by-line shows them."""

    profile_id: int
    user_name: str
    display_name: str


class PersonPage(Struct, frozen=True):
    """An author as their own page shows them."""

    person: Person
    biography: str


class TagRecord(Struct, frozen=True):
    """A subject that articles share."""

    tag_id: int
    slug: str
    name: str


class Card(Struct, frozen=True):
    """An article as a list shows it."""

    article_id: int
    slug: str
    title: str
    standfirst: str
    published_at: datetime
    reading_minutes: int
    language: str
    direction: str
    authors: tuple[Person, ...]


class CardPage(Struct, frozen=True):
    """One page of a list, newest first; `older` is the cursor of the page after it."""

    cards: tuple[Card, ...]
    older: str | None


class ArticleRecord(Struct, frozen=True):
    """A published article in full; `html` is sanitised."""

    article_id: int
    slug: str
    title: str
    standfirst: str
    html: str
    published_at: datetime
    updated_at: datetime
    reading_minutes: int
    language: str
    direction: str
    like_count: int
    authors: tuple[Person, ...]
    tags: tuple[TagRecord, ...]


class LikedArticle(Struct, frozen=True):
    """An article as the page with the like button shows it."""

    article_id: int
    slug: str
    title: str
    language: str
    direction: str
    like_count: int


class LikeCount(Struct, frozen=True):
    """How many readers like one article."""

    article_id: int
    likes: int


class LikePage(Struct, frozen=True):
    """One page of counts, by article id; `next` is the id after which the next page starts."""

    items: tuple[LikeCount, ...]
    next: int | None


class Mine(Struct, frozen=True):
    """What a page shows to one reader alone; never cached."""

    name: str | None
    liked: bool
    roles: tuple[str, ...] = ()
    wrote: bool = False


class Draft(Struct, frozen=True):
    """An article as its edit form needs it, whatever its status; never cached."""

    article_id: int
    slug: str
    title: str
    standfirst: str
    content: str
    status: str
    version: int
    authors: tuple[Person, ...]
    tags: tuple[TagRecord, ...]
