"""How two texts of an article differ, as the pages show it. What only is spelled in another way is the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flask_login import current_user

from application.controller.forms import fold_names, split_names, with_line_feeds
from application.utils.differences import Block, Piece, compare_texts, compare_words, count_changes, trim, trim_pieces
from application.utils.offload import run_in_turn
from application.utils.text import clean_line, slugify

LABELS = {
    "title": "Title",
    "standfirst": "Standfirst",
    "tags": "Tags",
    "authors": "Authors",
    "slug": "Address",
    "canonical_url": "First published at",
    "language": "Language",
    "direction": "Direction",
}
"""The short fields by their names; the text itself is `content`."""


class FieldChange(NamedTuple):
    """How one short field differs."""

    label: str
    pieces: tuple[Piece, ...]


class Difference(NamedTuple):
    """How one text of an article became another, in how many places."""

    fields: tuple[FieldChange, ...]
    blocks: tuple[Block, ...]
    changes: int


def is_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two forms say the same."""
    names = (*LABELS, "content")
    return all(_meaning(name, one.get(name, "")) == _meaning(name, other.get(name, "")) for name in names)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """Tell how one text of an article became another; slow, so it runs beside the event loop."""
    return run_in_turn(current_user.id, _compare, before, after)


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    fields = tuple(
        FieldChange(label, _pieces(name, before[name], after[name]))
        for name, label in LABELS.items()
        if _meaning(name, before[name]) != _meaning(name, after[name])
    )
    blocks = compare_texts(with_line_feeds(before["content"]), with_line_feeds(after["content"]))
    changes = sum(count_changes(part.pieces) for part in fields) + sum(count_changes(part.pieces) for part in blocks)
    shown = tuple(field._replace(pieces=trim_pieces(field.pieces)) for field in fields)
    return Difference(shown, tuple(trim(blocks)), changes)


def _meaning(name: str, text: str) -> object:
    """Return what a field is stored as: tags in no order and by their addresses, by-lines in theirs, lines folded."""
    if name == "tags":
        return frozenset(_tag(tag) for tag in split_names(text))
    if name == "authors":
        return fold_names(text)
    if name == "slug":
        return slugify(text) or text.strip()
    return with_line_feeds(text) if name == "content" else clean_line(text)


def _pieces(name: str, before: str, after: str) -> tuple[Piece, ...]:
    if name != "tags":
        return compare_words(before, after)
    return tuple(_came_and_went(split_names(before), split_names(after)))


def _came_and_went(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    old, new = ({_tag(name) for name in names} for names in (before, after))
    pieces = [Piece("out", name) for name in before if _tag(name) not in new]
    pieces += [Piece("in", name) for name in after if _tag(name) not in old]
    for number, piece in enumerate(pieces):
        if number:
            yield Piece("same", ", ")
        yield piece


def _tag(name: str) -> str:
    return slugify(name) or name
