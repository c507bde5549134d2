"""What nginx would do, read from the file that it is given."""

import pytest
from werkzeug.datastructures import Headers

from application.explaining.edge import at_the_edge, find_location, read_locations
from application.explaining.gathering import NGINX

CONFIG = NGINX.read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("/", "location ~ ^/(?:|about"),
        ("/articles/nanoseconds", "location ~ ^/(?:|about"),
        ("/stream", "location = /stream"),
        ("/static/css/a.css", "location ^~ /static/"),
        ("/account", "location /"),
        ("/articles/a/edit", "location /"),
    ],
)
def test_an_address_finds_the_location_that_nginx_takes(path: str, begins: str) -> None:
    found = find_location(read_locations(CONFIG), path)
    assert found is not None
    assert found.name.startswith(begins)
    assert (found.name == "location /") == (begins == "location /")


def test_only_what_the_site_allows_is_kept() -> None:
    kept = Headers({"X-Accel-Expires": "1", "Cache-Control": "no-cache"})
    assert at_the_edge(CONFIG, "/about?a=1", "200 OK", kept).keeps
    assert not at_the_edge(CONFIG, "/account", "200 OK", kept).keeps
    assert not at_the_edge(CONFIG, "/about", "404 NOT FOUND", Headers({"Cache-Control": "no-store"})).keeps
    assert "a cookie" in at_the_edge(CONFIG, "/about", "200 OK", Headers({**kept, "Set-Cookie": "a=b"})).nginx


def test_without_the_file_that_is_said() -> None:
    assert "no such location" in at_the_edge("", "/", "200 OK", Headers()).nginx
