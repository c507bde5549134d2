"""Raw HTML inside Markdown, rewritten tag by tag before it is sanitised.

Embeds become links here, for the sanitiser could only drop them. What comes out is regular, shallow and of known tags
only, so that no input makes the HTML parser behind the sanitiser work long: unclosed `<b id=1><p><b id=2><p>…` of
110 kB would become 220 MB by the rules of HTML (WHATWG, "reconstruct the active formatting elements").
"""

import re
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import urlsplit

from application.utils.sanitising import ATTRIBUTES, FORMATTING, TAGS

MAX_DEPTH = 60

SILENT = frozenset("script style svg math template select textarea title".split())  # noqa: SIM905 - easier to read and to sort
"""Elements whose content is not for readers."""

_VOID = frozenset("br col hr img wbr".split())  # noqa: SIM905 - easier to read and to sort
_END_MAY_BE_MISSING = frozenset("p li dt dd tr td th thead tbody tfoot colgroup rp rt".split())  # noqa: SIM905 - easier to read and to sort
_EMBEDS = frozenset("iframe embed object video audio source".split())  # noqa: SIM905 - easier to read and to sort
# Known to HTML and of no use here; other unknown names in prose, as in `Vec<T>`, are the writer's text.
_DROPPED = _EMBEDS | frozenset(
    """
    acronym address applet area article aside base basefont big blink body button canvas center data datalist dialog
    dir fieldset font footer form frame frameset head header hgroup html input label legend link main map marquee menu
    meta meter nav nobr noembed noframes noscript optgroup option output param picture plaintext progress slot strike
    tt track xmp
    """.split()  # noqa: SIM905 - easier to read and to sort
)

_NAME = re.compile(r"<(/?)([a-z][a-z0-9:-]*)(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
_END = re.compile(r"[\s/]*>")


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    closing: bool
    attributes: dict[str, str]
    end: int

    @property
    def is_markup(self) -> bool:
        """Tell whether somebody meant it as a tag, though none that may stay."""
        known = self.name in _DROPPED or self.name in SILENT
        return known or "-" in self.name or ":" in self.name or bool(self.attributes)


class RawHtml:
    """Rewrites the pieces of raw HTML of one document, in their order."""

    def __init__(self) -> None:
        self._depth = 0
        self._media_label = ""

    def rewrite(self, html: str) -> str:
        """Return the piece with known tags only; its texts are kept."""
        out: list[str] = []
        position = 0
        while (start := html.find("<", position)) >= 0:
            out.append(html[position:start])
            text, position = self._markup(html, start)
            out.append(text)
        out.append(html[position:])
        return "".join(out)

    def _markup(self, html: str, start: int) -> tuple[str, int]:
        if html.startswith("<!--", start):
            return "", _after(html, "-->", start + 4)
        if html.startswith(("<!", "<?"), start):
            return "", _after(html, ">", start + 2)
        tag = _read_tag(html, start)
        if tag is None:
            return "&lt;", start + 1
        end = tag.end
        if tag.name in SILENT and not tag.closing:
            end = _after(html, ">", _after(html.lower(), f"</{tag.name}", end))
        if tag.name in TAGS:
            return self._known(tag), end
        return self._unknown(tag, html[start : tag.end]), end

    def _known(self, tag: _Tag) -> str:
        if tag.name in _VOID:
            return "" if tag.closing else _written(tag.name, tag.attributes)
        counted = tag.name not in _END_MAY_BE_MISSING
        if tag.closing:
            self._depth = max(0, self._depth - counted)
            return f"</{tag.name}>"
        if self._depth >= MAX_DEPTH:
            return ""
        self._depth += counted
        return _written(tag.name, {} if tag.name in FORMATTING else tag.attributes)

    def _unknown(self, tag: _Tag, source: str) -> str:
        if tag.name in {"video", "audio"}:
            label = tag.attributes.get("title") or tag.attributes.get("aria-label") or tag.name.capitalize()
            self._media_label = "" if tag.closing else label
        if not tag.closing and (tag.name in _EMBEDS or tag.name == "script"):
            return self._embed(tag.name, tag.attributes)
        return "" if tag.is_markup else escape(source)

    def _embed(self, name: str, attributes: dict[str, str]) -> str:
        address = _outside(attributes.get("data" if name == "object" else "src", ""))
        if name == "source" and not self._media_label:
            return ""
        parts = urlsplit(address) if address else None
        if parts is None or (name == "script" and not _is_gist(parts.netloc)):
            # Other scripts are loaders: a link to one tells a reader nothing.
            return ""
        if name == "script":
            address = address.removesuffix(".js")
        label = attributes.get("title") or self._media_label or "Embedded content"
        self._media_label = ""
        return f'<a href="{escape(address)}">{escape(" ".join(label.split()))} ({escape(parts.netloc)})</a>'


def _is_gist(host: str) -> bool:
    return host.startswith("gist.")


def _outside(address: str) -> str:
    """Return an embed's address when it is one on the web, else ""."""
    address = address.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.netloc else ""


def _read_tag(html: str, start: int) -> _Tag | None:
    name = _NAME.match(html, start)
    if name is None:
        return None
    attributes: dict[str, str] = {}
    position = name.end()
    while attribute := _ATTRIBUTE.match(html, position):
        attributes.setdefault(attribute[1].lower(), unescape((attribute[2] or "").strip("\"'")))
        position = attribute.end()
    end = _END.match(html, position)
    return _Tag(name[2].lower(), bool(name[1]), attributes, end.end()) if end else None


def _written(name: str, attributes: dict[str, str]) -> str:
    allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(name, set())
    if name == "a" and "name" in attributes:
        attributes.setdefault("id", attributes.pop("name"))
    kept = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if key in allowed)
    return f"<{name}{kept}>"


def _after(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)
