"""Differences: whatever two texts are, both can be put together again from what is shown."""

import random

import pytest

from application.utils.differences import Block, Piece, compare_texts, compare_words

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
