"""A person at the running site: their cookies and their forms, without a browser."""

import http.client
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.controller.markup import Markup
from tests.controller.people import PASSWORD
from tests.site import RunningSite

BOUND = 10.0
"""Seconds that a person waits for any answer: twice the patience with a database that others hold."""


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str


class Visitor:
    """Somebody with an account, signed in; every request is on a connection of its own, so any worker may take it."""

    def __init__(self, site: RunningSite, name: str, **cookies: str) -> None:
        self.name = name
        self.netloc = urlsplit(site.url).netloc
        self.cookies = cookies
        assert self.post("/login", email=f"{name}@example.com", password=PASSWORD).status == 302

    @property
    def cookie(self) -> str:
        """Return what their browser sends as `Cookie`."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, **form: str) -> Answer:
        return self._ask("POST", path, urlencode(form))

    def form_of(self, slug: str) -> dict[str, str]:
        """Return an article's form as the browser would send it, but for its text."""
        page = Markup(self.get(f"/articles/{slug}/edit").text)
        names = ("title", "authors", "tags", "slug", "language", "version", "form_key")
        return {name: page.value(name) for name in names}

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        headers = {"Connection": "close", "Cookie": self.cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self.netloc, timeout=BOUND)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()
