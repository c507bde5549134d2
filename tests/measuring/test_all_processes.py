"""Two web workers and a Celery worker, measured together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from application.measuring.window import Route
from application.measuring.windows import WINDOWS, Windows
from tests.own_redis import own_redis
from tests.site import ENOUGH, RunningSite, eventually, fetch, running_site


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[RunningSite]:
    with own_redis() as server, running_site(database_url, f"redis://127.0.0.1:{server.port}", tmp_path) as running:
        yield running


def routes(site: RunningSite) -> dict[str, Route]:
    windows: Windows = site.app.extensions[WINDOWS]
    return {f"{one.kind} {one.name}": one for one in windows.read("hour").routes}


def test_what_every_process_measures_is_added_up(site: RunningSite) -> None:
    for _ in range(ENOUGH):
        assert fetch(site, "/")[0] == 200
    for _ in range(3):
        assert fetch(site, "/made/up")[0] == 404
    site.app.extensions["celery"].send_task("reconcile_likes")
    eventually(lambda: "job reconcile_likes" in routes(site))
    # However the answers were come by, the fast lane's among them.
    eventually(lambda: (one := routes(site).get("request GET /")) is not None and one.count == ENOUGH)
    eventually(lambda: (one := routes(site).get("request GET (no route)")) is not None and one.refused == 3)
    assert routes(site)["request GET /"].failed == 0
    assert routes(site)["job reconcile_likes"].failed == 0
