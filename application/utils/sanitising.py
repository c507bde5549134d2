"""The one place where HTML is made safe, and given what a reader needs around tables, code and outside files."""

import re
from html import unescape

import nh3

ID_PREFIX = "s-"
"""Stands before every id of a body, so that none takes the place of one of the page's own or of a script's global."""

FORMATTING = frozenset("b code em i s small strong u".split())  # noqa: SIM905 - easier to read and to sort
_BLOCKS = (
    "blockquote br dd del details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr ins li ol p pre section summary ul"
)
_INLINES = "a abbr bdi bdo cite dfn img kbd mark q rp rt ruby samp span sub sup time var wbr"
_TABLES = "caption col colgroup table tbody td tfoot th thead tr"
TAGS = FORMATTING | frozenset(f"{_BLOCKS} {_INLINES} {_TABLES}".split())

ATTRIBUTES: dict[str, set[str]] = {
    "*": {"id", "lang", "dir", "title"},
    "a": {"href", "name", "class", "aria-label"},
    "abbr": set(),
    "blockquote": {"cite"},
    "code": {"class"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "hr": {"class"},
    "img": {"src", "alt", "width", "height"},
    "li": {"value", "class"},
    "ol": {"start", "reversed", "class"},
    "q": {"cite"},
    "section": {"class"},
    "sup": {"class"},
    "td": {"colspan", "rowspan", "class"},
    "th": {"colspan", "rowspan", "scope", "class"},
    "time": {"datetime"},
}

_NOTES = "footnotes footnotes-sep footnotes-list footnote-item footnote-ref footnote-backref"
_CLASSES = frozenset(f"align-center align-right {_NOTES}".split())
_LANGUAGE_CLASS = re.compile(r"language-[\w+#.-]{1,30}")
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})
_OUR_IMAGES = "/static/"


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    match name:
        case "href" | "src" | "cite":
            return _address(value)
        case "id" | "name":
            return _prefixed(value.strip()) if value.strip() else None
        case "class":
            return " ".join(c for c in value.split() if c in _CLASSES or _LANGUAGE_CLASS.fullmatch(c)) or None
        case "dir":
            return value.lower() if value.lower() in _DIRECTIONS else None
    return value


def _prefixed(fragment: str) -> str:
    return fragment if fragment.startswith(ID_PREFIX) else ID_PREFIX + fragment


def _address(value: str) -> str:
    # Browsers drop these before they read an address: "/\t/host" is another site (WHATWG URL, 4.4).
    address = re.sub(r"[\t\r\n]", "", value).strip()
    if address[:1] in {"/", "\\"} and address[1:2] in {"/", "\\"}:
        return "https://" + address.lstrip("/\\")
    return "#" + _prefixed(address[1:]) if address.startswith("#") and len(address) > 1 else address


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes=ATTRIBUTES,
    attribute_filter=_filter_attribute,
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


def sanitise(html: str) -> str:
    """Return safe, well-formed HTML: no script, handler, style, form, frame, comment or id of somebody else's."""
    return _Finish(_CLEANER.clean(html)).html


# What the cleaner writes is regular: attributes in double quotes, "<" and ">" escaped within them and in texts.
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_HEADING = re.compile(r"<h([1-6])[ >]")


class _Finish:
    """Goes over clean HTML once more. Adds only constants, and what the cleaner has already escaped."""

    def __init__(self, html: str) -> None:
        # The page has the headline as its only h1; the body starts at h2 and its structure is kept.
        self._shift = 2 - min(map(int, _HEADING.findall(html)), default=2)
        self._in_link = False
        self._tables = self._table_depth = 0
        self.html = _TAG.sub(self._tag, html)

    def _tag(self, match: re.Match[str]) -> str:
        closing, name, attributes = match.groups()
        match name:
            case "a":
                self._in_link = not closing
                outside = ' rel="nofollow noopener"' if re.search(r' href="https?:', attributes) else ""
                return match[0] if closing else f"<a{attributes}{outside}>"
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return f"<{closing}h{min(int(name[1]) + self._shift, 6)}{attributes}>"
            case "img":
                return self._image(dict(_ATTRIBUTE.findall(attributes)))
            case "pre":
                return match[0] if closing else f'<pre{attributes} tabindex="0">'
            case "table":
                return self._table(match[0], closing=bool(closing))
        return match[0]

    def _table(self, tag: str, *, closing: bool) -> str:
        if closing:
            self._table_depth -= 1
            return tag if self._table_depth else f"{tag}</div>"
        self._table_depth += 1
        if self._table_depth > 1:
            return tag
        self._tables += 1
        # A region that scrolls must be reachable by keyboard, and so have a name of its own.
        return f'<div class="table" role="region" aria-label="Table {self._tables}" tabindex="0">{tag}'

    def _image(self, attributes: dict[str, str]) -> str:
        source, alt = attributes.get("src", ""), " ".join(attributes.get("alt", "").split())
        if source.startswith(_OUR_IMAGES):
            # Not the id: an image's own anchor is rarely linked to, and its place is kept by the paragraph.
            kept = "".join(f' {k}="{attributes[k]}"' for k in ("width", "height", "title") if k in attributes)
            return f'<img src="{source}" alt="{alt}"{kept} loading="lazy">'
        if not source.startswith(("http:", "https:")):
            return f'<span class="image">Image: {alt}</span>' if alt else ""
        if self._in_link:
            return f'<span class="image">Image: {alt or _file_name(source)}</span>'
        label = alt or _file_name(source)
        return f'<a class="image" href="{source}" rel="nofollow noopener">Image: {label}</a>'


def _file_name(address: str) -> str:
    """Return the last part of an (escaped) address, for want of a better text."""
    return address.split("?", 1)[0].rstrip("/").rpartition("/")[2] or address


_BREAKS = re.compile(
    r"<(?:br|hr|/p|/li|/h[1-6]|/div|/blockquote|/pre|/td|/th|/tr|/dt|/dd|/figure|/summary|/table)[ >/]"
)


def plain_text(html: str) -> str:
    """Return the text of clean HTML, one line for each block."""
    text = unescape(_TAG.sub("", _BREAKS.sub(lambda m: "\n" + m[0], html)))
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
