"""Small frozen records: what is cached and what templates receive. Times are aware and in UTC."""

from datetime import datetime
from typing import Any

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
    canonical_url: str = ""


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


class Actor(Struct, frozen=True):
    """Who does a deed: an account, or something without one, such as an importer."""

    user_id: int | None
    name: str


class Written(Struct, frozen=True):
    """An article as it is written: tags as they are typed, authors by user name in their order.

    Without a slug the article keeps the one it has, or gets one from its title.
    """

    title: str
    standfirst: str
    content: str
    slug: str | None = None
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    canonical_url: str = ""
    language: str = "en"
    direction: str = "auto"


class Saved(Struct, frozen=True):
    """What a deed left behind: where the article is, and the version that the next one starts from."""

    article_id: int
    slug: str
    version: int
    status: str
    scheduled_for: datetime | None = None


class AutosaveRecord(Struct, frozen=True):
    """What somebody typed into a form and has not sent yet."""

    form_key: str
    article_id: int | None
    updated_at: datetime
    fields: dict[str, str]


class Editing(Struct, frozen=True):
    """An article as its editor needs it, whatever its status; never cached.

    `written` is the newer draft where there is one, and `scheduled_for` the time at which that is published; `authors`
    are those whom readers see; `is_mine` says that the reader is one, `kept` is what they typed last and did not save.
    """

    article_id: int
    slug: str
    version: int
    status: str
    published_at: datetime | None
    scheduled_for: datetime | None
    has_working_copy: bool
    written: Written
    authors: tuple[Person, ...]
    like_count: int = 0
    binned_at: datetime | None = None
    updated_at: datetime | None = None
    is_mine: bool = False
    kept: AutosaveRecord | None = None


class Standing(Struct, frozen=True):
    """An article by its newest title, for the pages around its text; `is_mine` as in `Editing`.

    An operation that asks whether it may go on says also whom the newest text names as authors, and which author asks.
    """

    article_id: int
    slug: str
    title: str
    status: str
    version: int
    is_mine: bool
    authors: tuple[str, ...] = ()
    own_name: str | None = None


class RevisionLine(Struct, frozen=True):
    """One save, as a list of them shows it."""

    number: int
    created_at: datetime
    user_name: str
    deed: str


class Revision(Struct, frozen=True):
    """One save, whole."""

    line: RevisionLine
    written: Written


class Outcome(Struct, frozen=True):
    """What became of one of many; `problem` says why nothing did."""

    article_id: int
    slug: str = ""
    problem: str | None = None


class Named(Struct, frozen=True):
    """How an article is called, in the bin too."""

    article_id: int
    slug: str
    title: str
    status: str
    language: str
    direction: str


class DeskFilter(Struct, frozen=True):
    """Which articles the desk shows; `mine_user_id` is the account whose by-lines are meant."""

    state: str | None = None
    author_user_name: str | None = None
    text: str = ""
    mine_user_id: int | None = None
    before: str | None = None


class DeskLine(Struct, frozen=True):
    """An article as the desk shows it; never cached."""

    article_id: int
    slug: str
    title: str
    status: str
    published_at: datetime | None
    scheduled_for: datetime | None
    binned_at: datetime | None
    saved_at: datetime
    like_count: int
    language: str
    direction: str
    has_working_copy: bool
    authors: tuple[Person, ...]


class Day(Struct, frozen=True):
    """The day at a glance: some of each, those first that matter first."""

    drafts: tuple[DeskLine, ...]
    scheduled: tuple[DeskLine, ...]
    published: tuple[DeskLine, ...]


class DeskPage(Struct, frozen=True):
    """One page of the desk, lately saved first; `older` is the cursor of the page after it."""

    lines: tuple[DeskLine, ...]
    older: str | None


class AuditLine(Struct, frozen=True):
    """Who did what to what, when."""

    entry_id: int
    at: datetime
    user_name: str
    deed: str
    subject: str
    details: dict[str, Any]


class AuditPage(Struct, frozen=True):
    """One page of the audit log, newest first; `older` is the cursor of the page after it."""

    entries: tuple[AuditLine, ...]
    older: str | None


class Message(Struct, frozen=True):
    """What one reader wrote, and what became of it."""

    feedback_id: int
    name: str
    email: str
    message: str
    created_at: datetime
    done_at: datetime | None
    done_by: str | None


class FeedbackPage(Struct, frozen=True):
    """One page of the list; `older` is the cursor of the page after it."""

    messages: tuple[Message, ...]
    older: str | None
