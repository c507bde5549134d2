"""What an article's fields may hold, whoever sends them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from application.data.errors import Invalid
from application.data.models import (
    ADDRESS_LENGTH,
    LANGUAGE_LENGTH,
    STANDFIRST_LENGTH,
    TAG_LENGTH,
    TITLE_LENGTH,
    USER_NAME_LENGTH,
)
from application.data.records import Written
from application.utils import markdown
from application.utils.text import clean_body, clean_line, fold, reading_minutes, slugify

LONGEST_CONTENT = 1_000_000
MOST_TAGS = 30
MOST_AUTHORS = 50
FARTHEST = timedelta(days=5 * 365 + 1)
"""How far ahead an article can be scheduled: a date beyond it is a slip of the keyboard."""

_LAYOUT = frozenset("\t\n\r\x85")
_FAR_TOO_LONG = 4
"""Times its limit, past which a text is not even looked at: it is refused whatever cleaning would leave of it."""

# RFC 5646, section 2.1, as far as its form goes.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_NOT_IN_ADDRESSES = re.compile(r"""[\s<>"\\^`{|}]""")


@dataclass(frozen=True, slots=True)
class Fields:
    """What a writer sent, checked, with all that follows from it; `labels` is slug → name of each tag."""

    title: str
    standfirst: str
    content: str
    html: str
    reading_minutes: int
    labels: Mapping[str, str]
    slug: str | None
    authors: tuple[str, ...]
    canonical_url: str
    language: str
    direction: str


def prepare(written: Written) -> Fields:
    """Check every field and render the text: slow and pure, for a thread. Raises `Invalid`."""
    check = Checker()
    content = check.content(written.content)
    fields = Fields(
        title=check.title(written.title),
        standfirst=check.standfirst(written.standfirst),
        content=content,
        html="",
        reading_minutes=0,
        labels=check.tags(written.tags),
        slug=None if written.slug is None else check.slug(written.slug),
        authors=check.authors(written.authors),
        canonical_url=check.canonical_url(written.canonical_url),
        language=check.language(written.language),
        direction=check.direction(written.direction),
    )
    check.raise_if_any()
    try:
        html = markdown.render(content)
    except markdown.TooSlowError as error:
        raise Invalid({"content": str(error)}) from None
    values = {name: getattr(fields, name) for name in Fields.__slots__}
    return Fields(**{**values, "html": html, "reading_minutes": reading_minutes(content)})


def check_time(at: datetime, now: datetime) -> None:
    """Refuse a time that nobody means. Raises `Invalid`, ValueError for one without its zone."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone is no moment")
    if at > now + FARTHEST:
        raise Invalid({"at": "An article can be scheduled for five years ahead at most."})


class Checker:
    """Checks fields one by one, and collects what is wrong, so that a reader hears of all of it at once."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def raise_if_any(self) -> None:
        """Raise `Invalid` with every problem found."""
        if self.problems:
            raise Invalid(self.problems)

    def title(self, text: str) -> str:
        """Return a title as it is stored: one line of 1 to 300 characters."""
        title = self.line("title", text, TITLE_LENGTH)
        if not title:
            self.problems.setdefault("title", "Give the article a title.")
        return title

    def standfirst(self, text: str) -> str:
        """Return a standfirst as it is stored: one paragraph, or nothing."""
        return self.line("standfirst", text, STANDFIRST_LENGTH)

    def content(self, text: str) -> str:
        """Return Markdown as it is stored: with line feeds alone."""
        content = self.body("content", text, LONGEST_CONTENT)
        if not content.strip():
            self.problems.setdefault("content", "Write something first.")
        return content

    def tags(self, names: Sequence[str]) -> dict[str, str]:
        """Return tags as slug → name, in their order, each once."""
        tags: dict[str, str] = {}
        for name in names:
            line = self.line("tags", name, TAG_LENGTH)
            slug = slugify(line, TAG_LENGTH)
            if slug:
                tags.setdefault(slug, line)
            elif line:
                self.problems.setdefault("tags", f"A tag needs a letter or a digit: “{line[:20]}” has none.")
        if len(tags) > MOST_TAGS:
            self.problems.setdefault("tags", f"An article can have {MOST_TAGS} tags at most.")
        return tags

    def slug(self, text: str) -> str:
        """Return an address as it is stored: folded letters and digits with hyphens."""
        slug = slugify(self._text("slug", text, ADDRESS_LENGTH))
        if not slug:
            self.problems.setdefault("slug", "An address needs a letter or a digit.")
        return slug

    def authors(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return user names in the spelling in which they are stored, each once."""
        folded = (fold(self.line("authors", name, USER_NAME_LENGTH)) for name in names)
        authors = tuple(dict.fromkeys(name for name in folded if name))
        if not authors:
            self.problems.setdefault("authors", "An article needs an author.")
        if len(authors) > MOST_AUTHORS:
            self.problems.setdefault("authors", f"An article can have {MOST_AUTHORS} authors at most.")
        return authors

    def canonical_url(self, text: str) -> str:
        """Return the address at which the article stood first, or nothing."""
        address = self.line("canonical_url", text, ADDRESS_LENGTH)
        if address and not _is_web_address(address):
            self.problems.setdefault("canonical_url", "Write a whole address, such as https://example.org/article.")
        return address

    def language(self, text: str) -> str:
        """Return a language tag."""
        language = self.line("language", text, LANGUAGE_LENGTH)
        if not _LANGUAGE.fullmatch(language):
            self.problems.setdefault("language", "Write a language as “en” or “pt-BR”.")
        return language

    def direction(self, text: str) -> str:
        """Return a direction of writing."""
        if text not in {"ltr", "rtl", "auto"}:
            self.problems.setdefault("direction", "Choose a direction.")
        return text

    def line(self, field: str, text: str, longest: int) -> str:
        """Return one line, without the marks of direction that would turn its neighbours round."""
        line = clean_line(self._text(field, text, longest))
        self._limit(field, line, longest)
        return line

    def body(self, field: str, text: str, longest: int) -> str:
        """Return text of many lines."""
        body = clean_body(self._text(field, text, longest))
        self._limit(field, body, longest)
        return body

    def _text(self, field: str, text: str, longest: int) -> str:
        if len(text) > longest * _FAR_TOO_LONG:
            self._limit(field, text, longest)
            return ""
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in set(text) - _LAYOUT):
            self.problems.setdefault(field, "This contains a control character; please take it out.")
        return unicodedata.normalize("NFC", text)

    def _limit(self, field: str, text: str, longest: int) -> None:
        if len(text) > longest:
            self.problems.setdefault(field, f"This is too long: {longest:,} characters are the most.")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.username is None
            and (parts.port is None or parts.port > 0)
            and not _NOT_IN_ADDRESSES.search(text)
        )
    except ValueError:
        return False
