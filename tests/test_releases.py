"""Two releases of the whole site side by side, as in a rolling upgrade: one database, one Redis, an address each."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.articles import edit
from tests.conftest import copy_of
from tests.controller.people import make_article, make_user
from tests.own_redis import own_redis
from tests.site import RunningSite, eventually, fetch, running_site


@pytest.fixture
def both(migrated: str, tmp_path: Path) -> Iterator[tuple[RunningSite, RunningSite, redis.Redis]]:
    """The old release, the new one that has started after it, and what both keep their values in."""
    another = {"served": "tests.another_release:app", "RELEASE": "older"}
    logs = [tmp_path / "old", tmp_path / "new"]
    for folder in logs:
        folder.mkdir()
    with own_redis() as server, copy_of(migrated, tmp_path) as database_url, redis.Redis(port=server.port) as client:
        where = (database_url, f"redis://127.0.0.1:{server.port}")
        with (
            running_site(*where, logs[0], workers=1, jobs=False, **another) as old,
            running_site(*where, logs[1], workers=1, jobs=False) as new,
        ):
            yield old, new, client


def test_both_answer_from_the_cache_and_an_edit_reaches_both(
    both: tuple[RunningSite, RunningSite, redis.Redis],
) -> None:
    old, new, client = both
    with new.app.app_context():
        _, slug = make_article(make_user("ada", "author"), title="As it was")
    path = f"/articles/{slug}"
    names = {f"flask_cache_@older/view/{path}", f"flask_cache_view/{path}"}
    edits = itertools.count(1)

    def each_has_its_own() -> bool:
        title = f"Edit {next(edits)} is seen"
        with new.app.app_context():
            edit(slug, title=title)
        eventually(lambda: all(title in fetch(site, path)[2] for site in (old, new)))
        return client.exists(*names) == len(names)

    # The old one learns within seconds that there is a newer one.
    eventually(each_has_its_own)
    for site in (old, new, old, new):
        assert fetch(site, path)[1]["x-cache"].startswith("hit")
    assert client.exists(*names) == len(names)
