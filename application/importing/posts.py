"""One post, from its file's text to what will be stored."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from types import NoneType
from typing import Any

from application.importing.addresses import (
    PostIndex,
    explicit_addresses,
    file_name,
    home_address,
    old_addresses,
    own_address,
)
from application.importing.authors import FIELDS as AUTHOR_FIELDS
from application.importing.authors import authors_of, is_author
from application.importing.bodies import convert_body
from application.importing.dates import date_in_name, date_in_path, read_date, without_date
from application.importing.expressions import Context
from application.importing.front_matter import split
from application.importing.problems import ImportProblem
from application.utils.markdown import inline_text
from application.utils.text import clean_body, clean_line, shorten, slugify

TITLE_LIMIT = 300
LONGEST_TITLE = 1000
"""Characters of a title that is still one; a longer one is some other text by mistake."""
STANDFIRST_LIMIT, SHORTEST_STANDFIRST = 300, 20
CONTENT_LIMIT = 1_000_000
TAG_LIMIT, MOST_TAGS = 100, 30

_DATE_FIELDS = (
    "date",
    "published",
    "publishdate",
    "pubdate",
    "publish_date",
    "published_at",
    "datetime",
    "created",
    "created_at",
)
_STANDFIRST_FIELDS = ("description", "excerpt", "summary", "standfirst", "subtitle", "dek", "abstract", "lead")
_LANGUAGE_FIELDS = ("lang", "language", "locale")
_TAG_FIELDS = ("tags", "tag", "categories", "category", "keywords")
_NESTED = ("extra", "params", "taxonomies")
# Eleventy's collections are named by tags that no reader should see.
_COLLECTIONS = frozenset({"post", "posts", "all", "nav"})
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+([^\n]+?)[ \t#]*(?:\n|\Z)|\A\s*([^\n#>`*+\-=][^\n]*)\n=+[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Post:
    """A post whose front matter is understood; its body and authors are still as they were written.

    `addresses` are all that may lead to it, `explicit` those of them that its fields name; the rest are guesses.
    """

    path: str
    fields: Mapping[str, Any]
    body: str
    kind: str
    title: str
    slug: str
    draft: bool
    published_at: datetime | None
    language: str
    direction: str
    tags: tuple[str, ...]
    addresses: tuple[str, ...]
    explicit: tuple[str, ...]
    home: str
    author_field: object


@dataclass(frozen=True, slots=True)
class ParsedPost:
    """A post as it will be stored. `authors` are (key in the blog's table or "", name)."""

    path: str
    title: str
    slug: str
    standfirst: str
    content: str
    draft: bool
    published_at: datetime | None
    language: str
    direction: str
    tags: tuple[str, ...]
    addresses: tuple[str, ...]
    explicit: tuple[str, ...]
    authors: tuple[tuple[str, str], ...]


def read_post(path: str, text: str, zone: tzinfo, *, language: str = "", author: object = "") -> Post:
    """Understand a post's front matter. `language` and `author` stand in where it is silent. Raises `ImportProblem`."""
    matter = split(text)
    fields = dict(_flattened(matter.fields))
    body = clean_body(matter.body)
    title, body = _title(fields, body)
    stem = file_name(path)
    home = own_address(fields)
    slug_source = (
        _text(fields, "slug") or posixpath.basename(home.rstrip("/")).removesuffix(".html") or without_date(stem)
    )
    slug = slugify(slug_source) or slugify(stem) or slugify(title)
    if not slug:
        raise ImportProblem("neither its file's name nor its title has a letter or digit to make an address of")
    explicit = explicit_addresses(fields)
    draft = _is_draft(path, fields)
    moment, days = _date(path, fields, stem, home, zone)
    if moment is None and not draft:
        raise ImportProblem("it has no date: not in its fields, its file's name or its path")
    addresses = old_addresses(path, fields, _text(fields, "slug") or without_date(stem), days)
    spoken = _language(fields, stem) or (language if _LANGUAGE.fullmatch(language) else "")
    return Post(
        path=path,
        fields=fields,
        body=body,
        kind=matter.kind,
        title=title,
        slug=slug,
        draft=draft,
        published_at=moment,
        language=spoken or "en",
        direction=_direction(spoken),
        tags=_tags(fields, path),
        addresses=addresses,
        explicit=explicit,
        home=home_address(path, fields, addresses),
        author_field=next((fields[key] for key in AUTHOR_FIELDS if is_author(fields.get(key))), author),
    )


def convert_post(post: Post, names: Mapping[str, str], index: PostIndex) -> ParsedPost:
    """Return a post with its authors' names and its body as clean Markdown. Raises `ImportProblem`."""
    context = Context(post.fields, names, lambda reference: index.find(reference, post.path))
    content = convert_body(
        post.body, context, lambda target: index.resolve(target, post.home, post.path), commonmark=post.kind == "toml"
    )
    if not content.strip():
        raise ImportProblem("it has no text")
    if len(content) > CONTENT_LIMIT:
        raise ImportProblem(f"its text is longer than {CONTENT_LIMIT:,} characters")
    return ParsedPost(
        path=post.path,
        title=post.title,
        slug=post.slug,
        standfirst=_standfirst(post.fields, context, index, post.home, post.path),
        content=content,
        draft=post.draft,
        published_at=post.published_at.astimezone(UTC) if post.published_at else None,
        language=post.language,
        direction=post.direction,
        tags=post.tags,
        addresses=post.addresses,
        explicit=post.explicit,
        authors=tuple(authors_of(post.author_field, names)),
    )


def as_draft(post: ParsedPost) -> ParsedPost:
    """Return the post as one that readers do not see yet."""
    return replace(post, draft=True, published_at=None)


def _flattened(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give nested fields of Zola and Hugo first, so that those at the top win."""
    for name in _NESTED:
        nested = fields.get(name)
        if isinstance(nested, dict):
            yield from ((str(key).lower(), value) for key, value in nested.items())
    yield from fields.items()


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def _title(fields: Mapping[str, Any], body: str) -> tuple[str, str]:
    """Return the title, and the body without it where that begins with the same heading. Raises `ImportProblem`."""
    if not isinstance(fields.get("title"), (str, int, float, NoneType)) or isinstance(fields.get("title"), bool):
        raise ImportProblem("its title is not text")
    title = inline_text(_text(fields, "title")[: LONGEST_TITLE * 4])
    heading = _FIRST_HEADING.match(body)
    first = inline_text(heading[1] or heading[2]) if heading else ""
    if heading and first and (not title or first.casefold() == title.casefold()):
        title, body = first, body[heading.end() :]
    if not title:
        raise ImportProblem("its title has no text" if _text(fields, "title") else "it has no title")
    if len(title) > LONGEST_TITLE:
        raise ImportProblem(f"its title is longer than {LONGEST_TITLE} characters")
    return shorten(title, TITLE_LIMIT), body


def _is_draft(path: str, fields: Mapping[str, Any]) -> bool:
    return (
        _text_or_bool(fields, "draft") in _TRUE
        or _text_or_bool(fields, "published") in _FALSE
        or _text(fields, "status").lower() in {"draft", "hidden", "private", "pending"}
        or "_drafts" in path.split("/")[:-1]
        or "drafts" in path.split("/")[:-1]
    )


def _text_or_bool(fields: Mapping[str, Any], key: str) -> str:
    return str(fields.get(key, "")).strip().lower()


def _date(
    path: str, fields: Mapping[str, Any], stem: str, home: str, zone: tzinfo
) -> tuple[datetime | None, tuple[date, ...]]:
    """Return the moment of publication, and the days that the post's own address may name."""
    named = date_in_name(stem) or date_in_path(home) or date_in_path(path)
    written = next((fields[key] for key in _DATE_FIELDS if _is_date(fields.get(key))), None)
    if written is not None:
        moment = read_date(written, zone)
        return moment, tuple(dict.fromkeys((moment.date(), named or moment.date())))
    if named is None:
        return None, ()
    return read_date(named, zone), (named,)


def _is_date(value: object) -> bool:
    # `published: true` is Jekyll's, and no date.
    return (
        bool(value)
        and not isinstance(value, (bool, list, dict))
        and str(value).strip().lower() not in _TRUE | _FALSE | {""}
    )


def _language(fields: Mapping[str, Any], stem: str) -> str:
    written = (
        next((_text(fields, key) for key in _LANGUAGE_FIELDS if _text(fields, key)), "").replace("_", "-").split(".")[0]
    )
    if _LANGUAGE.fullmatch(written):
        return written
    ending = stem.rpartition(".")[2] if "." in stem else ""
    return ending if re.fullmatch(r"[a-z]{2}(?:-[A-Za-z]{2})?", ending) else ""


def _direction(language: str) -> str:
    if not language:
        return "auto"
    return "rtl" if language.lower().split("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _tags(fields: Mapping[str, Any], path: str) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for key in _TAG_FIELDS:
        for written in _tag_list(fields.get(key), "_posts" in path.split("/")):
            name = shorten(inline_text(written[:500]), TAG_LIMIT)
            slug = slugify(name, TAG_LIMIT)
            if slug and slug not in _COLLECTIONS:
                names.setdefault(slug, name)
    return tuple(names.values())[:MOST_TAGS]


def _tag_list(value: object, by_spaces: bool) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value if isinstance(item, (str, int, float)) and not isinstance(item, bool)]
    if not isinstance(value, str):
        return []
    if "," in value or ";" in value:
        return re.split(r"[,;]", value)
    # Jekyll parts a string of tags at its spaces; others take it as one tag.
    return value.split() if by_spaces else [value]


def _standfirst(fields: Mapping[str, Any], context: Context, index: PostIndex, own: str, path: str) -> str:
    """Return the post's own summary as plain text, "" when it has none."""
    texts: list[str] = []
    for key in _STANDFIRST_FIELDS:
        written = clean_body(_text(fields, key)[:5000])
        if written:
            markdown = convert_body(written, context, lambda target: index.resolve(target, own, path))
            # A summary of several paragraphs: its first says what it is about.
            paragraphs = re.split(r"\n\s*\n|</p>", markdown.strip())
            texts.append(next((line for p in paragraphs if (line := inline_text(clean_line(p)))), ""))
    # "TBD" was meant to be replaced.
    best = next((text for text in texts if len(text) >= SHORTEST_STANDFIRST), max(texts, key=len, default=""))
    return shorten(best, STANDFIRST_LIMIT)
