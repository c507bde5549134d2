"""What the caches know when an import is over."""

from collections.abc import Iterator

import pytest
import redis
from flask.testing import FlaskClient

from application.data.data_access.imports import has_untold_changes
from application.extensions import cache
from application.importing import command, telling
from application.importing.run import import_posts
from tests.importing.conftest import Import, Write

WARNING = "the cache could not be told of every change"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PAUSES", (0.0, 0.0, 0.0))


def deaf(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let the cache not hear the next changes."""
    hear, left = cache.invalidate, iter(range(times))

    def invalidate(*args: object, **more: object) -> bool:
        return next(left, None) is None and hear(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "invalidate", invalidate)


def test_a_redis_that_is_busy_hears_of_it_before_the_end(
    write: Write, run: Import, client: FlaskClient, redis_client: redis.Redis
) -> None:
    write()
    run()
    assert "Some text." in client.get("/articles/first").text
    write(body="Other text.")
    redis_client.client_pause(600)
    assert WARNING not in run()
    assert not has_untold_changes()
    assert "Other text." in client.get("/articles/first").text


@pytest.mark.usefixtures("hurried")
def test_a_cache_that_stays_deaf_is_warned_of(write: Write, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    deaf(monkeypatch, 100)
    output = run()
    assert "1 new" in output
    assert WARNING in output
    assert has_untold_changes()


@pytest.mark.usefixtures("hurried")
def test_a_dry_run_tells_nobody(write: Write, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    deaf(monkeypatch, 100)
    assert WARNING not in run("--dry-run")


@pytest.mark.usefixtures("hurried")
def test_an_interruption_tells_what_was_stored(write: Write, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    write("2016-01-01-second.md")
    deaf(monkeypatch, 1)

    def interrupted(*args: object, **more: object) -> Iterator[object]:
        yield next(import_posts(*args, **more))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_posts", interrupted)
    assert "Aborted" in run(status=1)
    assert not has_untold_changes()
