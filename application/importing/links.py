"""The addresses within a post's Markdown, found where they stand and changed in place."""

import re
from collections.abc import Callable

_INLINE = re.compile(
    r"(\]\(\s{0,10})(<[^<>\n]{1,2000}>|[^\s()<>]{1,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,2000})?)(?=[\s)])"
)
_DEFINITION = re.compile(
    r"^((?:[ \t]{0,12}|[ \t>*+-]{0,20})\[[^\]\n]{1,500}\]:[ \t]{0,10}\n?[ \t]{0,10})(<[^<>\n]{1,2000}>|\S{1,2000})",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(
    r"""(<(?:a|img|iframe|video|audio|source|embed)\b[^<>]{0,2000}?\s(?:href|src)\s{0,5}=\s{0,5})("[^"<>\n]{0,4000}"|'[^'<>\n]{0,4000}')""",
    re.IGNORECASE,
)
_PELICAN = re.compile(r"^(?:\{|%7B|\|)(filename|static|attach|index|category|tag|author)(?:\}|%7D|\|)", re.IGNORECASE)


def rewrite_links(text: str, resolve: Callable[[str], str]) -> str:
    """Return Markdown (its code held aside) with each address replaced by what `resolve` makes of it."""

    def inline(match: re.Match[str]) -> str:
        bare = match[2].removeprefix("<").removesuffix(">")
        changed = _resolved(bare, resolve)
        if changed == bare:
            return match[0]
        return match[1] + (f"<{changed}>" if re.search(r"[\s()]", changed) else changed)

    def attribute(match: re.Match[str]) -> str:
        mark = match[2][0]
        return (
            match[1] + mark + _resolved(match[2][1:-1], resolve).replace(mark, "%22" if mark == '"' else "%27") + mark
        )

    text = _DEFINITION.sub(lambda m: m[0] if m[2].startswith("^") or "[^" in m[1] else inline(m), text)
    return _ATTRIBUTE.sub(attribute, _INLINE.sub(inline, text))


def _resolved(address: str, resolve: Callable[[str], str]) -> str:
    if address.startswith("#") or "\ufdd0" in address:
        return address
    return resolve(_PELICAN.sub("", address) if _PELICAN.match(address) else address)
