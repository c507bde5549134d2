"""What an article's fields may hold, whoever sends them."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.data.errors import Invalid
from application.data.models import STANDFIRST_LENGTH, TAG_LENGTH, TITLE_LENGTH
from application.utils import markdown
from application.utils.text import reading_minutes, slugify

LONGEST_CONTENT = 1_000_000
MOST_TAGS = 30
_LAYOUT = frozenset("\t\n\r\x85")


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


def prepare(title: str, standfirst: str, content: str, tags: Sequence[str], slug: str | None = None) -> Fields:
    """Check every field and render the text: slow and pure, for a thread. Raises `Invalid`."""
    check = Checker()
    checked = check.title(title), check.standfirst(standfirst), check.content(content)
    labels = check.tags(tags)
    wished = None if slug is None else check.slug(slug)
    check.raise_if_any()
    return Fields(*checked, markdown.render(checked[2]), reading_minutes(checked[2]), labels, wished)


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
        title = self._line("title", text, TITLE_LENGTH)
        if not title:
            self.problems.setdefault("title", "Give the article a title.")
        return title

    def standfirst(self, text: str) -> str:
        """Return a standfirst as it is stored: one paragraph, or nothing."""
        return self._line("standfirst", text, STANDFIRST_LENGTH)

    def content(self, text: str) -> str:
        """Return Markdown as it is stored: with line feeds alone."""
        content = self._text("content", text).replace("\r\n", "\n").replace("\r", "\n")
        if not content.strip():
            self.problems.setdefault("content", "Write something first.")
        self._limit("content", content, LONGEST_CONTENT)
        return content

    def tags(self, names: Sequence[str]) -> dict[str, str]:
        """Return tags as slug → name, in their order, each once."""
        tags: dict[str, str] = {}
        for name in names:
            line = self._line("tags", name, TAG_LENGTH)
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
        slug = slugify(self._text("slug", text))
        if not slug:
            self.problems.setdefault("slug", "An address needs a letter or a digit.")
        return slug

    def _line(self, field: str, text: str, longest: int) -> str:
        line = " ".join(self._text(field, text).split())
        self._limit(field, line, longest)
        return line

    def _text(self, field: str, text: str) -> str:
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in set(text) - _LAYOUT):
            self.problems.setdefault(field, "This contains a control character; please take it out.")
        return unicodedata.normalize("NFC", text)

    def _limit(self, field: str, text: str, longest: int) -> None:
        if len(text) > longest:
            self.problems.setdefault(field, f"This is too long: {longest:,} characters are the most.")
