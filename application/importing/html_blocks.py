"""Raw HTML that is laid out with indentation, as systems read it for which a blank line does not end an element."""

import re

from application.utils.markdown import blocks

_TAG = re.compile(
    r"<(/?)(div|blockquote|section|figure|aside|article|details|center|table|tbody|tr|td|ul|ol|dl)\b", re.IGNORECASE
)
_BEGINS_WITH_TAG = re.compile(r"\s*(?:</?[a-z][a-z0-9]*[\s/>]|\{[{%])", re.IGNORECASE)


def dedent_html(text: str) -> str:
    """Take away the indentation that would make code of what is written within an element.

    It is layout where the element's own tag is indented as well, or where the piece begins with a tag.
    """
    lines = text.split("\n")
    opened: list[tuple[str, bool]] = []
    for kind, first, after in blocks(text):
        if kind == "fence":
            continue
        piece = lines[first:after]
        if kind == "indented":
            if not opened or not (opened[-1][1] or _BEGINS_WITH_TAG.match(piece[0])):
                continue
            lines[first:after] = [line.lstrip() for line in piece]
        _follow(piece, opened)
    return "\n".join(lines)


def _follow(piece: list[str], opened: list[tuple[str, bool]]) -> None:
    """Keep the list of the elements that are open, each with whether its tag was indented."""
    for line in piece:
        for tag in _TAG.finditer(line):
            name = tag[2].lower()
            if not tag[1]:
                opened.append((name, line[:1] in {" ", "\t"}))
            elif any(name == other for other, _ in opened[-20:]):
                while opened.pop()[0] != name:
                    pass
