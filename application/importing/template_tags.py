"""Template tags of Liquid, Nunjucks, Jinja, Tera and Hugo in a post's text: replaced by what they showed, or gone."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from application.importing.code import GONE, HTML_END, HTML_START
from application.importing.embeds import embed, is_address_place
from application.importing.expressions import Context, arguments_of, evaluate

LIMIT = 8000
"""Characters of one tag; a longer one is none."""

Kind = Literal["value", "tag", "shortcode", "comment"]

_OPENERS = re.compile(r"\{\{[<%]|\{\{|\{%|\{#(?=[\s-])")
_CLOSERS: dict[str, tuple[str, Kind]] = {
    "{{<": (">}}", "shortcode"),
    "{{%": ("%}}", "shortcode"),
    "{{": ("}}", "value"),
    "{%": ("%}", "tag"),
    "{#": ("#}", "comment"),
}
_TAG_NAME = re.compile(r"\s*(/?)\s*([A-Za-z_][\w./-]*)")
_SHOWN_SHORTCODE = re.compile(r"/\*(.*)\*/", re.DOTALL)
_BRACES = str.maketrans({"{": "\ufdd4", "}": "\ufdd5"})

# What they hold is for a machine, or shown once for each of something that is not here.
_DROPPED_BLOCKS = frozenset(
    {"for", "tablerow", "comment", "capture", "macro", "schema", "style", "script", "javascript"}
)
_CONDITIONS = frozenset({"if", "unless", "case", "ifchanged"})
_BRANCHES = frozenset({"else", "elsif", "elif", "elseif", "when"})
_POST_REFERENCES = frozenset({"post_url", "link", "ref", "relref", "post_link", "postlink"})


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    kind: Kind
    name: str
    closing: bool
    rest: str


def replace_tags(text: str, context: Context) -> str:
    """Return text, in which code is held aside, with its template tags replaced."""
    pieces = _pieces(text)
    closers = _pairs(pieces) | _branches(pieces)
    out: list[str] = []
    position, index, html = 0, 0, False
    while index < len(pieces):
        piece = pieces[index]
        before = text[position : piece.start]
        out.append(before)
        html = _in_html(before, html=html)
        shown = _shown(piece, context, html=html, address=is_address_place(before or "".join(out[-2:])))
        out.append(shown or (GONE if html else ""))
        end = _skipped_to(index, pieces, closers)
        html = _in_html(text[piece.start : pieces[end].end], html=html)
        index, position = end + 1, pieces[end].end
    return "".join(out) + text[position:]


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    while opener := _OPENERS.search(text, position):
        closer, kind = _CLOSERS[opener[0]]
        end = _find_close(text, opener.end(), closer)
        if end < 0:
            position = opener.end()
            continue
        inner = text[opener.end() : end].strip().removeprefix("-").removesuffix("-").strip()
        name = _TAG_NAME.match(inner) if kind in {"tag", "shortcode"} else None
        tag_name = name[2].lower() if name else ""
        closing = bool(name and name[1]) or (kind == "tag" and tag_name.startswith("end"))
        rest = inner[name.end() :] if name else inner
        pieces.append(
            _Piece(
                opener.start(),
                end + len(closer),
                kind,
                tag_name.removeprefix("end") if closing else tag_name,
                closing,
                rest,
            )
        )
        position = end + len(closer)
    return pieces


def _find_close(text: str, start: int, closer: str) -> int:
    """Return where a tag's end mark stands: the first outside of quotes, or else the first of all; -1 if none."""
    limit = min(len(text), start + LIMIT)
    plain = text.find(closer, start, limit)
    if plain < 0:
        return -1
    position = start
    marks = re.compile(f"[\"']|{re.escape(closer)}")
    while mark := marks.search(text, position, limit):
        if mark[0] == closer:
            return mark.start()
        quote_end = text.find(mark[0], mark.end(), limit)
        if quote_end < 0 or "\n\n" in text[mark.end() : quote_end]:
            # An apostrophe, not a quotation.
            break
        position = quote_end + 1
    return plain


def _pairs(pieces: list[_Piece]) -> dict[int, int]:
    """Return the index of each opening tag's closing one, where it has one."""
    pairs: dict[int, int] = {}
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        if piece.kind not in {"tag", "shortcode"} or piece.name in _BRANCHES:
            continue
        if not piece.closing:
            waiting[piece.name].append(index)
        elif waiting[piece.name]:
            pairs[waiting[piece.name].pop()] = index
    return pairs


def _branches(pieces: list[_Piece]) -> dict[int, int]:
    """Return, for each branch of a condition but its first, the index of the condition's end."""
    ends: dict[int, int] = {}
    open_conditions: list[list[int]] = []
    for index, piece in enumerate(pieces):
        if piece.kind == "tag" and piece.name in _CONDITIONS:
            if not piece.closing:
                open_conditions.append([])
            elif open_conditions:
                ends.update(dict.fromkeys(open_conditions.pop(), index))
        elif piece.kind == "tag" and piece.name in _BRANCHES and open_conditions and not _is_first(index, pieces):
            open_conditions[-1].append(index)
    return ends


def _is_first(index: int, pieces: list[_Piece]) -> bool:
    return pieces[index].name == "when" and pieces[index - 1].name == "case"


def _skipped_to(index: int, pieces: list[_Piece], closers: dict[int, int]) -> int:
    """Return the index of the last piece that goes together with this one, what stands between included."""
    piece = pieces[index]
    if piece.kind not in {"tag", "shortcode"} or piece.closing:
        return index
    return closers.get(index, index) if piece.name in _DROPPED_BLOCKS | _BRANCHES else index


def _shown(piece: _Piece, context: Context, *, html: bool, address: bool) -> str:
    if piece.kind == "comment" or piece.closing:
        return ""
    if piece.kind == "value":
        return evaluate(piece.rest, context, html=html, address=address)
    literal = _SHOWN_SHORTCODE.fullmatch(piece.rest.strip()) if not piece.name else None
    if literal:
        # Hugo's way to show a shortcode instead of using it.
        return f"{{{{< {literal[1].strip()} >}}}}".translate(_BRACES)
    arguments = arguments_of(piece.rest, context)
    if piece.name in _POST_REFERENCES:
        reference = next(iter(arguments.positional), "")
        return context.find_post(reference) or (reference if reference.startswith("/") else "")
    if piece.name in _DROPPED_BLOCKS | _CONDITIONS | _BRANCHES | {"assign", "set", "import", "extends", "block"}:
        return ""
    return "" if address else embed(piece.name, arguments, html=html)


def _in_html(text: str, *, html: bool) -> bool:
    last = max(text.rfind(HTML_START), text.rfind(HTML_END))
    return html if last < 0 else text[last] == HTML_START
