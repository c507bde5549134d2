from datetime import date

import pytest

from application.importing.addresses import PostIndex, explicit_addresses, file_name, home_address, old_addresses
from application.importing.problems import ImportProblem

INDEX = PostIndex("https://blog.example.org")
INDEX.add("content/posts/2015-07-08-x.md", ["/2015/07/08/x", "/old/x"])
INDEX.add("content/y/index.md", ["/2016/y"])


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/2015-07-08-x.md", "2015-07-08-x"), ("a/x/index.md", "x"), ("a/x/index.fr.md", "x"), ("index.md", "index")],
)
def test_what_names_a_post_among_its_files(path: str, name: str) -> None:
    assert file_name(path) == name


def test_a_post_is_known_by_every_address_it_may_have_had() -> None:
    fields = {"redirect_from": "/old/", "aliases": ["a.html"], "tumblr_url": "http://x.tumblr.com/post/1/x"}
    addresses = old_addresses("_posts/2015-07-08-X.md", fields, "X", [date(2015, 7, 9), date(2015, 7, 8)])
    assert addresses[:2] == ("/2015/07/09/x", "/2015/07/09/x.html")
    assert {"/2015/07/08/x", "/old", "/a.html", "/post/1/x"} <= set(addresses)


def test_its_own_address_comes_first_and_patterns_are_none() -> None:
    assert old_addresses("content/x.md", {"path": "2014/12/12/1.0-X"}, "1.0-X", [])[0] == "/2014/12/12/1.0-x"
    assert old_addresses("content/blog/x.md", {"permalink": "/:year/:title/"}, "x", []) == ("/blog/x",)
    assert old_addresses("content/blog/x/index.md", {"permalink": "{{ y }}"}, "x", []) == ("/blog/x",)


def test_addresses_too_long_for_their_column_are_left_out() -> None:
    assert old_addresses("x.md", {"aliases": ["/" + "a" * 600]}, "x", []) == ("/x",)


@pytest.mark.parametrize(
    ("path", "fields", "home"),
    [
        ("content/posts/x/index.md", {}, "/posts/x"),
        ("content/posts/x/index.fr.md", {"slug": "Y"}, "/posts/y"),
        ("content/posts/2015-07-08-x/index.md", {}, "/posts/2015-07-08-x"),
        ("content/posts/x/index.md", {"permalink": "/own/"}, "/own"),
        ("_posts/2015-07-08-x.md", {}, "/2015/07/08/x"),
    ],
)
def test_relative_links_are_meant_against_a_posts_own_address(path: str, fields: dict[str, str], home: str) -> None:
    addresses = old_addresses(path, fields, "x", [date(2015, 7, 8)])
    assert home_address(path, fields, addresses) == home


def test_more_addresses_than_anybody_writes_are_reported() -> None:
    with pytest.raises(ImportProblem, match="more than 1,000 old addresses"):
        explicit_addresses({"aliases": [f"/{number}" for number in range(1001)]})


@pytest.mark.parametrize(
    ("target", "resolved"),
    [
        ("/2015/07/08/X/", "/2015/07/08/X/"),
        ("/2015/07/08/x/#part", "/2015/07/08/x/#s-part"),
        ("https://www.blog.example.org/old/x", "/old/x"),
        ("https://other.example.org/old/x", "https://other.example.org/old/x"),
        ("../../../../2015/07/08/x/", "/2015/07/08/x/"),
        ("../posts/2015-07-08-x.md", "/2015/07/08/x"),
        ("@/y/index.md#z", "/2016/y#s-z"),
        ("/team/", "https://blog.example.org/team/"),
        ("a.png", "https://blog.example.org/2020/01/01/own/a.png"),
        ("#here", "#here"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_a_link_leads_to_the_post_it_meant(target: str, resolved: str) -> None:
    assert INDEX.resolve(target, "/2020/01/01/own", "content/own/own.md") == resolved


def test_without_a_base_address_links_stay_on_this_site() -> None:
    index = PostIndex()
    assert index.resolve("/team/", "/own", "own.md") == "/team/"
    assert index.resolve("a.png", "", "own.md") == "a.png"
