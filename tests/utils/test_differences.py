"""Differences: whatever two texts are, both can be put together again from what is shown."""

import random

import pytest

from application.utils.differences import (
    AROUND,
    Block,
    Piece,
    compare_texts,
    compare_words,
    count_changes,
    trim,
    trim_pieces,
)

OLD = "One.\n\nTwo two two.\n\nThree.\n\nFour.\n\nFive.\n\nSix.\n"


def shown(pieces: tuple[Piece, ...], without: str) -> str:
    return "".join(piece.text for piece in pieces if piece.change != without)


def test_nothing_changed() -> None:
    assert compare_texts(OLD, OLD) == ()


def test_words_within_a_paragraph() -> None:
    pieces = compare_words("The quick brown fox jumps.", "The slow brown fox sleeps.")
    assert pieces == (
        Piece("same", "The "),
        Piece("out", "quick"),
        Piece("in", "slow"),
        Piece("same", " brown fox "),
        Piece("out", "jumps"),
        Piece("in", "sleeps"),
        Piece("same", "."),
    )


def test_neighbouring_changes_are_one_phrase() -> None:
    pieces = compare_words("a red car here", "a blue boat here")
    assert [piece for piece in pieces if piece.change != "same"] == [Piece("out", "red car"), Piece("in", "blue boat")]


def test_only_the_changed_paragraph_is_shown_with_its_neighbours() -> None:
    blocks = compare_texts(OLD, OLD.replace("Three", "3"))
    text = "".join(shown(block.pieces, "out") for block in blocks)
    assert "Two" in text
    assert "3." in text
    assert "Four" in text
    assert "One" not in text
    assert "Six" not in text
    assert sum(block.skipped for block in blocks) == 6


@pytest.mark.parametrize(
    ("before", "after"), [("", "New."), ("Old.", ""), ("\n", "\n\n"), ("a\x0cb", "a\x0cc"), ("é", "e")]
)
def test_odd_texts(before: str, after: str) -> None:
    blocks = compare_texts(before, after)
    assert "".join(shown(block.pieces, "in") for block in blocks) == before
    assert "".join(shown(block.pieces, "out") for block in blocks) == after


LONG = " ".join(f"word{number}" for number in range(300))


def test_words_far_from_every_change_leave_a_gap() -> None:
    before = f"{LONG}\n\n{LONG}\n\n{LONG}\n"
    blocks = compare_texts(before, before.replace("word150 ", "other ", 2).replace("other ", "word150 ", 1))
    trimmed = list(trim(blocks))
    # The end of the paragraph before, what stands around the change, the beginning of the paragraph after.
    kept = ["".join(piece.text for piece in block.pieces if piece.change == "same") for block in trimmed]
    assert all(len(text) <= 2 * AROUND for text in kept)
    text = "".join(kept)
    assert [word in text.split() for word in ("word299", "word149", "word151", "word0")] == [True] * 4
    assert [piece.text for block in trimmed for piece in block.pieces if piece.change in {"out", "in"}] == [
        "word150",
        "other",
    ]
    assert sum(block.skipped for block in trimmed) == sum(block.skipped for block in blocks)


@pytest.mark.parametrize("text", ["short", "", "ж" * 500, "字" * 500, "a b " * 200])
def test_what_is_cut_is_the_middle_alone(text: str) -> None:
    one = (Piece("in", "x"), Piece("same", text), Piece("out", "y"))
    trimmed = trim_pieces(one)
    assert (trimmed[0], trimmed[-1]) == (one[0], one[-1])
    head, *rest = [piece.text for piece in trimmed if piece.change == "same"]
    assert text.startswith(head)
    assert all(text.endswith(tail) for tail in rest)
    assert trim_pieces(one[1:2]) == (one[1:2] if len(text) < 60 else (Piece("gap", "…"),))


def test_changes_are_counted_by_place() -> None:
    assert count_changes(compare_words("The quick brown fox jumps.", "The slow brown fox sleeps.")) == 2
    assert count_changes(compare_words("a b", "a b c")) == 1
    assert count_changes(compare_words("same", "same")) == 0


@pytest.mark.parametrize("seed", range(30))
def test_both_texts_can_be_put_together_again(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same texts every time
    words = ["a", "b", "cc", " ", " ", "\n", "\n\n", "–", "ж", "."]
    before = "".join(dice.choices(words, k=dice.randrange(60)))
    after = "".join(dice.choices(words, k=dice.randrange(60)))
    pieces = compare_words(before, after)
    assert shown(pieces, "in") == before
    assert shown(pieces, "out") == after
    blocks: tuple[Block, ...] = compare_texts(before, after)
    if not any(block.skipped for block in blocks) and before != after:
        assert "".join(shown(block.pieces, "in") for block in blocks) == before


@pytest.mark.parametrize("unit", ["x ", "x\n", "x y ", "a b c d e f g h i j "])
def test_a_text_made_to_hurt_is_compared_in_bounded_steps(unit: str) -> None:
    count = 1_000_000 // len(unit)
    before, after = unit * count, ("z " + unit) * (count // 2)
    blocks = compare_texts(before, after)
    assert blocks
