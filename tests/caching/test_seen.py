"""The cookie of whoever has written, among the cookies of others."""

import pytest

from application.caching.recording import Moment
from application.caching.seen import Seen, View

APPLIED = Moment("epoch", 7)


@pytest.fixture
def seen() -> Seen:
    return Seen("of the tests", secure=False)


@pytest.mark.parametrize("other", ['x={"a":1}', "x=a b", "x=\u00fc", "[x]=1", 'x="a', "x", "", "seen2=a", "unseen=a"])
def test_another_applications_cookie_does_not_hide_it(seen: Seen, other: str) -> None:
    for cookies in (f"{other}; seen=epoch.8", f"seen=epoch.8; {other}", f"{other};seen=epoch.8;{other}"):
        assert seen.view({"HTTP_COOKIE": cookies}, APPLIED) is View.REDIS


def test_what_has_arrived_here_needs_no_cookie(seen: Seen) -> None:
    for cookies in ("seen=epoch.7", "a=b", "unseen=epoch.8", ""):
        assert seen.view({"HTTP_COOKIE": cookies}, APPLIED) is View.ANY
    assert seen.view({}, APPLIED) is View.ANY


@pytest.mark.parametrize(
    "forged",
    ["", ".", "x", "epoch", "epoch.", "epoch.x", "db.", "db.9999999999.00", "db.\u00b2.\u00fc", "\u00fc.\u00b2"],
)
def test_a_forged_one_has_redis_asked_and_nothing_more(seen: Seen, forged: str) -> None:
    assert seen.view({"HTTP_COOKIE": f"seen={forged}"}, APPLIED) is View.REDIS
