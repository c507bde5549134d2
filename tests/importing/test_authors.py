import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.importing.authors import authors_of, split_names

TABLE = {"aaron": "Aaron Snow", "noah": "Noah Kunin", "one and all": "All of Us"}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee, Bo Chan, and Cy Diaz", ["Ann Lee", "Bo Chan", "Cy Diaz"]),
        ("Ann Lee and Bo Chan", ["Ann Lee", "Bo Chan"]),
        ("Ann Lee & Bo Chan", ["Ann Lee", "Bo Chan"]),
        ("Ann Lee; Bo Chan", ["Ann Lee", "Bo Chan"]),
        ("Smith, John; Doe, Jane", ["Smith, John", "Doe, Jane"]),
        ("Ann Lee, Director of Design; Health and Human Services", ["Ann Lee", "Health and Human Services"]),
        ("Ann, Bo, Cy and Di", ["Ann", "Bo", "Cy", "Di"]),
        ("annlee and bochan", ["annlee", "bochan"]),
        ("By Ann Lee with Bo Chan", ["Ann Lee", "Bo Chan"]),
        ("Ann Lee <ann@example.org>", ["Ann Lee"]),
        ("Ann Lee <https://example.org/ann> and @bo", ["Ann Lee", "bo"]),
        ("[Ann Lee](https://example.org) (@ann)", ["Ann Lee"]),
        ('Serge "Sh" Da', ['Serge "Sh" Da']),
        ("The Rust Security and Cargo Teams", ["The Rust Security and Cargo Teams"]),
        ("Security, Cargo and Infra Teams", ["Security, Cargo and Infra Teams"]),
        ("The Trust and Safety Team", ["The Trust and Safety Team"]),
        ("Department of Health and Human Services", ["Department of Health and Human Services"]),
        ("Smith & Sons", ["Smith & Sons"]),
        ("Ann Lee and the Security and Cargo Teams", ["Ann Lee", "the Security and Cargo Teams"]),
        ("The Cargo Team and the Security Team", ["The Cargo Team", "the Security Team"]),
        ("Ann Lee and the Governance WG", ["Ann Lee", "the Governance WG"]),
        ("Doe, Jane", ["Doe, Jane"]),
        ("Martin King, Jr. and Ann Lee", ["Martin King, Jr.", "Ann Lee"]),
        ("Jane Doe, Director of Design and Research", ["Jane Doe"]),
        ("Jane Doe, on behalf of the Council and the Board", ["Jane Doe"]),
        ("ann@example.org", []),
        ("", []),
    ],
)
def test_names_in_one_string(written: str, names: list[str]) -> None:
    assert split_names(written) == names


@pytest.mark.parametrize(
    ("field", "authors"),
    [
        (["aaron", "Noah"], [("aaron", "Aaron Snow"), ("Noah", "Noah Kunin")]),
        ("aaron, noah", [("aaron", "Aaron Snow"), ("noah", "Noah Kunin")]),
        ("aaron; noah", [("aaron", "Aaron Snow"), ("noah", "Noah Kunin")]),
        ("aaron and noah", [("aaron", "Aaron Snow"), ("noah", "Noah Kunin")]),
        ("one and all", [("one and all", "All of Us")]),
        ([None, True, "true"], []),
        (["unknown-key"], [("", "unknown-key")]),
        ({"name": "Ann Lee", "email": "ann@example.org"}, [("", "Ann Lee")]),
        ([{"first_name": "Ann", "last_name": "Lee"}, {"key": "noah"}], [("", "Ann Lee"), ("noah", "Noah Kunin")]),
        ({"ann": {"name": "Ann Lee"}}, [("", "Ann Lee")]),
        (["Ann Lee", "ann lee"], [("", "Ann Lee")]),
        (None, []),
        (True, []),
        ([[[["deep"]]]], []),
    ],
)
def test_fields_of_all_shapes(field: object, authors: list[tuple[str, str]]) -> None:
    assert authors_of(field, TABLE) == authors


FIELDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "key", "x", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(FIELDS)
def test_anything_gives_names_or_none(field: object) -> None:
    assert all(name == name.strip() != "" for _, name in authors_of(field, TABLE))


@given(st.text(alphabet="AB aeTheTeams,;&@<>()and.", max_size=80))
def test_splitting_loses_no_order(text: str) -> None:
    assert all(split_names(text))
