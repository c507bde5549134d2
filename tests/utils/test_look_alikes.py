"""Names that could be taken for others."""

import pytest

from application.utils.look_alikes import MIXED, latin_reading, look_alike_problem
from application.utils.user_names import RESERVED


@pytest.mark.parametrize("name", ["аdmin", "pаypal", "grаce", "αda", "ћrw", "адa", "日本абв", "漢кандзи"])
def test_two_alphabets_in_one_name_are_refused(name: str) -> None:
    assert look_alike_problem(name, RESERVED) == MIXED


@pytest.mark.parametrize("name", ["ɑdmin", "admın", "adm1n", "rnail", "ro0t", "r00t", "vvww"])
def test_what_looks_like_the_site_itself_is_refused(name: str) -> None:
    problem = look_alike_problem(name, RESERVED)
    assert problem is not None
    assert "kept for the site itself" in problem


@pytest.mark.parametrize(("name", "reading"), [("асе", "ace"), ("сара", "capa"), ("ρορ", "pop"), ("գօհ", "qoh")])
def test_a_name_of_another_alphabet_that_reads_as_latin_is_refused(name: str, reading: str) -> None:
    assert latin_reading(name) == reading
    problem = look_alike_problem(name, RESERVED)
    assert problem is not None
    assert f"“{reading}”" in problem


@pytest.mark.parametrize(
    "name",
    [
        "ada", "josé", "straße", "yılmaz", "o-neil", "user_1", "barn", "вера", "ёлка", "наташа", "сара-ж", "γιώργος",
        "שרה", "سارة", "さくら-サン", "日本のカナ", "田中ken", "ㄅ漢", "김철수", "อรุณ", "राम", "n0rth", "1984",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_itself_is_taken(name: str) -> None:
    assert look_alike_problem(name, RESERVED) is None
