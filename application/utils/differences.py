"""How one text became another, by paragraphs and then by words, in bounded time."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

Change = Literal["same", "out", "in", "gap"]

CONTEXT = 1
"""Unchanged lines that are shown before and after a changed one."""

AROUND = 90
"""Unchanged characters that are shown before and after a change within a line."""

WORTH_A_GAP = 60
"""Characters that must be left out at least for a gap to be easier to read than they are."""

EXACT = 1_000_000
"""Pairs of words that are compared one by one; above, words that are everywhere no longer anchor a match."""

BUDGET = 40_000_000
"""Pairs of words looked at for one difference; what is beyond is shown as replaced whole."""

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Piece(NamedTuple):
    """Words that stayed, went or came; or a gap, where words that stayed are left out."""

    change: Change
    text: str


class Block(NamedTuple):
    """Lines that belong together: changed ones in pieces, or unchanged ones; `skipped` lines are left out after it."""

    pieces: tuple[Piece, ...]
    skipped: int = 0


def compare_texts(before: str, after: str) -> tuple[Block, ...]:
    """Tell what changed between two texts of many lines; nothing when they are the same. Slow and pure."""
    if before == after:
        return ()
    old, new = _lines(before), _lines(after)
    budget = BUDGET
    blocks: list[Block] = []
    for change, one, other in _steps(old, new):
        if change == "equal":
            blocks.append(Block((Piece("same", "".join(one)),)))
            continue
        cost, pieces = _compare_block("".join(one), "".join(other), budget)
        budget -= cost
        blocks.append(Block(pieces))
    return tuple(_shortened(blocks))


def compare_words(before: str, after: str) -> tuple[Piece, ...]:
    """Tell what changed within a line or a paragraph."""
    return _compare_block(before, after, BUDGET)[1]


def trim(blocks: Sequence[Block]) -> Iterator[Block]:
    """Leave out the words of unchanged stretches that are far from every change."""
    for number, block in enumerate(blocks):
        follows = number > 0 and _is_changed(blocks[number - 1])
        leads = not block.skipped and number + 1 < len(blocks) and _is_changed(blocks[number + 1])
        yield Block(trim_pieces(block.pieces, follows=follows, leads=leads), block.skipped)


def trim_pieces(pieces: Sequence[Piece], *, follows: bool = False, leads: bool = False) -> tuple[Piece, ...]:
    """Do so within a line; `follows` and `leads` say whether a change stands before and after it."""
    trimmed: list[Piece] = []
    for number, piece in enumerate(pieces):
        if piece.change == "same":
            trimmed += _around(piece.text, head=number > 0 or follows, tail=number + 1 < len(pieces) or leads)
        else:
            trimmed.append(piece)
    return tuple(trimmed)


def count_changes(pieces: Sequence[Piece]) -> int:
    """Return in how many places something went, came, or gave way to something else."""
    kinds = [piece.change == "same" for piece in pieces]
    return sum(not kind and (number == 0 or kinds[number - 1]) for number, kind in enumerate(kinds))


def _is_changed(block: Block) -> bool:
    return any(piece.change != "same" for piece in block.pieces)


def _around(text: str, *, head: bool, tail: bool) -> Iterator[Piece]:
    """Yield the beginning and the end of an unchanged stretch, cut between words where there are any."""
    start = _cut(text) if head else 0
    end = len(text) - (_cut(text[::-1]) if tail else 0)
    if end - start < WORTH_A_GAP:
        yield Piece("same", text)
        return
    if head:
        yield Piece("same", text[:start])
    yield Piece("gap", "…")
    if tail:
        yield Piece("same", text[end:])


def _cut(text: str) -> int:
    spaces = [found.end() for found in re.finditer(r"\s+", text[:AROUND])]
    return spaces[-1] if spaces else min(AROUND, len(text))


def _lines(text: str) -> list[str]:
    # Not splitlines(): a form feed within a line is a sign of the text.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Yield (tag, from, to) of each step; what begins and ends alike is set aside first, which is most of it."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    if start:
        yield "equal", old[:start], new[:start]
    one, other = old[start : len(old) - end], new[start : len(new) - end]
    exact = len(one) * len(other) <= EXACT
    if len(one) * len(other) > BUDGET:
        yield "replace", one, other
    else:
        matcher = SequenceMatcher(None, one, other, autojunk=not exact)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            yield tag, one[i1:i2], other[j1:j2]
    if end:
        yield "equal", old[len(old) - end :], new[len(new) - end :]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    for count, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return count
    return min(len(one), len(other))


def _compare_block(before: str, after: str, budget: int) -> tuple[int, tuple[Piece, ...]]:
    """Return what the comparison cost, and its pieces."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    cost = len(old) * len(new)
    if not old or not new or cost > budget:
        return 0, tuple(_replaced(before, after))
    pieces: list[Piece] = []
    for tag, one, other in _steps(old, new):
        if tag == "equal":
            pieces.append(Piece("same", "".join(one)))
        else:
            pieces += _replaced("".join(one), "".join(other))
    return cost, tuple(_joined(pieces))


def _replaced(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece("out", before)
    if after:
        yield Piece("in", after)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Join two changes that only white space parts: whole phrases are easier to read than every second word."""
    out = inside = ""
    for number, piece in enumerate(pieces):
        lone_space = piece.change == "same" and piece.text.isspace() and "\n" not in piece.text
        is_between = lone_space and (out or inside) and number + 1 < len(pieces)
        if piece.change == "out" or is_between:
            out += piece.text
        if piece.change == "in" or is_between:
            inside += piece.text
        if piece.change == "same" and not is_between:
            yield from _replaced(out, inside)
            out = inside = ""
            yield piece
    yield from _replaced(out, inside)


def _shortened(blocks: list[Block]) -> Iterator[Block]:
    """Leave out unchanged lines that are far from every change."""
    for number, block in enumerate(blocks):
        if len(block.pieces) != 1 or block.pieces[0].change != "same":
            yield block
            continue
        lines = _lines(block.pieces[0].text)
        # An empty line is no context.
        head = 0 if number == 0 else _enough(lines)
        tail = 0 if number == len(blocks) - 1 else _enough(lines[::-1])
        if head + tail >= len(lines):
            yield block
            continue
        yield Block((Piece("same", "".join(lines[:head])),), len(lines) - head - tail)
        if tail:
            yield Block((Piece("same", "".join(lines[-tail:])),))


def _enough(lines: Sequence[str]) -> int:
    """Return how many lines hold as much context as is shown."""
    seen = 0
    for count, line in enumerate(lines, start=1):
        seen += bool(line.strip())
        if seen == CONTEXT:
            return count
    return len(lines)
