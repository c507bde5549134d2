import contextlib
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from application.importing.front_matter import split
from application.importing.problems import ImportProblem


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("---\ntitle: A\ntags: [x, y]\n---\n\nBody\n", "yaml"),
        ("---yaml\ntitle: A\ntags:\n- x\n- y\n...\nBody\n", "yaml"),
        ('---json\n{"title": "A", "tags": ["x", "y"]}\n---\nBody\n', "json"),
        ('+++\ntitle = "A"\ntags = ["x", "y"]\n+++\nBody\n', "toml"),
        ('{"Title": "A", "tags": ["x", "y"]}\n\nBody\n', "json"),
        ('\ufeff---toml\ntitle = "A"\ntags = ["x", "y"]\n---\nBody\n', "toml"),
    ],
)
def test_every_shape_gives_the_same(text: str, kind: str) -> None:
    matter = split(text)
    assert matter.fields == {"title": "A", "tags": ["x", "y"]}
    assert matter.body == "Body\n"
    assert matter.kind == kind


def test_headers_in_pelicans_way() -> None:
    matter = split("Title: A post\nDate: 2015-01-02\nSummary: one\n    two\n\nBody: text\n")
    assert matter.fields == {"title": "A post", "date": "2015-01-02", "summary": "one\ntwo"}
    assert matter.body == "Body: text\n"


def test_yaml_is_read_as_it_is_written() -> None:
    fields = split("---\ntitle: 1.0\nlocale: no\nid: 010\ndate: 2015-03-17 14:00:00 -4\n---\n").fields
    assert fields == {"title": "1.0", "locale": "no", "id": "010", "date": "2015-03-17 14:00:00 -4"}


def test_yaml_null_is_nothing_and_a_quoted_one_is_text() -> None:
    fields = split('---\na: null\nb: ~\nc:\nd: [null, Null, x]\ne: "null"\nf: ""\ng: nullable\nh: true\n---\n').fields
    assert fields == {
        "a": None,
        "b": None,
        "c": None,
        "d": [None, None, "x"],
        "e": "null",
        "f": "",
        "g": "nullable",
        "h": "true",
    }


def test_toml_keeps_its_dates() -> None:
    assert split("+++\ndate = 2020-01-02\n+++\n").fields == {"date": date(2020, 1, 2)}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# Readme\n", None, "no front matter"),
        ("Note: this is prose\n", None, "no front matter"),
        ("", None, "no front matter"),
        ("---\ntitle: A\n", 1, "not closed"),
        ("---\ntitle: A\nbroken: [\n---\nx", 4, "does not parse"),
        ("---\ntitle: A\nauthors:\n- x\t\t\nb: c\n\t- y\n---\nx", 4, "does not parse"),
        ('+++\ntitle = "A"\nb = \n+++\nx', 3, "does not parse"),
        ('{"title": "A",\n"b": }\nx', 2, "does not parse"),
        ("---\n- a\n- b\n---\nx", 2, "not a set of fields"),
        ("---\na: &a [*a]\n---\n", 2, "does not parse"),
        ("---\n" + "[" * 50_000 + "\n---\n", 2, "too deeply"),
        ("+++\na = " + "[" * 50_000 + "\n+++\n", 2, "too deeply"),
        ("+++\n" + "a." * 40_000 + "a = 1\n+++\n", 2, "Too many dots"),
        ("---\n" + "a: b\n" * 30_000 + "---\n", None, "longer than"),
    ],
)
def test_what_does_not_parse_is_reported_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(ImportProblem, match=words) as caught:
        split(text)
    assert caught.value.line == line


def test_empty_front_matter_has_no_fields() -> None:
    assert split("---\n---\nBody").fields == {}


FENCES = st.sampled_from(["---\n", "+++\n", "---json\n", "{", "Title: x\n"])
TEXTS = st.text(max_size=200) | st.text(alphabet="{}[]:-\"'&*!|>%@`#,?\n\t =.a1", max_size=200)


@given(FENCES, TEXTS, FENCES)
@example("+++\n", "a = " + "9" * 5000 + "\n", "+++\n")
@example("---\n", "!!python/object/apply:os.system ['true']", "\n---\n")
@settings(max_examples=400, deadline=None)
def test_anything_else_raises_nothing_but_its_own_problem(opening: str, text: str, closing: str) -> None:
    with contextlib.suppress(ImportProblem):
        assert isinstance(split(opening + text + "\n" + closing).fields, dict)
