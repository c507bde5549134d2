"""Expressions between double braces, `{{ "/2015/07/08/x/" | url }}`: what they show, as far as it is known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from application.importing.embeds import Arguments, embed, image, is_image, is_web, link

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|([^\s,|()"\']+)|([|(),])', re.DOTALL)
_NAMED = re.compile(r"""([\w-]+)\s*(?:=|:(?=[\s"']))\s*""")
_CALL = re.compile(r"\s*([A-Za-z_][\w.]*)\s*\((.*)\)\s*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w.-]*")

_ADDRESS_FILTERS = frozenset(
    """
    url relative_url absolute_url relurl absurl rellangurl abslangurl ref relref asset asset_url asset_path static
    img_url image_url get_url htmlbaseurl locale_url slugify url_encode uri_escape cgi_escape urlize permalink
    """.split()  # noqa: SIM905 - easier to read and to sort
)
_TEXT_FILTERS = frozenset(
    """
    escape escape_once e safe xml_escape strip trim lstrip rstrip strip_html strip_newlines upcase downcase upper lower
    capitalize title titlecase markdownify markdown md smartify newline_to_br nl2br t i18n translate date dump jsonify
    date_to_string date_to_long_string normalize_whitespace typogrify htmlescape plainify humanize
    """.split()  # noqa: SIM905 - easier to read and to sort
)
_PICTURE_WORDS = ("photo", "image", "picture", "avatar", "icon", "img", "thumb", "headshot")


@dataclass(frozen=True, slots=True)
class Context:
    """What a post's tags may refer to."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    find_post: Callable[[str], str] = lambda _reference: ""


def arguments_of(source: str, context: Context) -> Arguments:
    """Take the arguments of a tag apart; bare names stand for the post's fields where it has them."""
    positional: list[str] = []
    named: dict[str, str] = {}
    position = 0
    while position < len(source):
        name = _NAMED.match(source, position)
        value = _TOKEN.match(source, name.end() if name else position)
        if value is None or value[4]:
            position = value.end() if value else position + 1
            continue
        text = _text_of(value, context)
        if name:
            named[name[1].lower()] = text
        else:
            positional.append(text)
        position = value.end()
    return Arguments(positional, named)


def evaluate(source: str, context: Context, *, html: bool, address: bool) -> str:
    """Return what an expression shows; "" when that cannot be known. `address`: an address is due where it stands."""
    call = _CALL.fullmatch(source)
    if call and "|" not in source:
        return _call(call[1], arguments_of(call[2], context), context, html=html, address=address)
    head, *filters = _split_pipes(source)
    value = _head(head, context)
    for written in filters:
        name, _, rest = written.strip().replace("(", ":", 1).partition(":")
        value, final = _filtered(
            value, name.strip().lower(), arguments_of(rest, context), context, html=html, address=address
        )
        if final:
            return value
    return value


def _call(name: str, arguments: Arguments, context: Context, *, html: bool, address: bool) -> str:
    if name in {"get_url", "url_for", "url", "ref", "relref"}:
        reference = arguments.first("path", "filename") or next(iter(arguments.positional), "")
        return context.find_post(reference) or reference
    return "" if address else embed(name, arguments, html=html)


def _head(source: str, context: Context) -> str:
    token = _TOKEN.match(source.strip())
    return _text_of(token, context, bare=False) if token else ""


def _text_of(token: re.Match[str], context: Context, *, bare: bool = True) -> str:
    if token[3] is None:
        quoted = token[1] if token[1] is not None else token[2] or ""
        return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    name = token[3]
    if re.fullmatch(r"-?\d+(?:\.\d+)?", name):
        return name
    if not _NAME.fullmatch(name):
        return name if bare else ""
    return _field(name, context) or (name if bare and "." not in name else name if bare and is_image(name) else "")


def _field(name: str, context: Context) -> str:
    for prefix in ("page.", "post.", "this.", "article.", "params.", ".params.", "data."):
        name = name.removeprefix(prefix)
    value = context.fields.get(name.lower())
    return str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _filtered(
    value: str, name: str, arguments: Arguments, context: Context, *, html: bool, address: bool
) -> tuple[str, bool]:
    """Return the value after a filter, and whether it is shown as it is."""
    argument = next(iter(arguments.positional), "")
    if name in _ADDRESS_FILTERS:
        return context.find_post(value) or value, False
    if name in {"prepend", "append", "default"}:
        glued = {"prepend": argument + value, "append": value + argument, "default": value or argument}
        return glued[name], False
    if name in _TEXT_FILTERS:
        return value, False
    if address:
        return (value if is_web(value) or value.startswith(("/", "#")) or is_image(value) else ""), False
    return _by_own_filter(value, name, argument, context, html=html)


def _by_own_filter(value: str, name: str, argument: str, context: Context, *, html: bool) -> tuple[str, bool]:
    """Return what a filter of the blog's own, by its name and value, most likely showed."""
    if is_image(value):
        return image(value, argument, "", html=html), True
    if is_web(value):
        return link(value, argument, html=html), True
    if any(word in name for word in _PICTURE_WORDS):
        return "", True
    # About a person, the name is what a reader needs.
    known = context.names.get(value.casefold(), "")
    return (known or (value if value.startswith("/") else "")), bool(known)


def _split_pipes(source: str) -> list[str]:
    parts, start = [], 0
    for token in _TOKEN.finditer(source):
        if token[4] == "|":
            parts.append(source[start : token.start()])
            start = token.end()
    return [*parts, source[start:]]
