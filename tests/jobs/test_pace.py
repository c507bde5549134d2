import time

import pytest
import redis

from application.jobs.pace import RUNS_KEY, Pace


@pytest.fixture
def pace(redis_url: str) -> Pace:
    return Pace(f"{redis_url}/1")


def test_the_first_may_count_the_second_waits_the_third_need_not_come_back(pace: Pace) -> None:
    assert pace.claim(1) is None
    again = pace.claim(1)
    assert again is not None
    assert 0.5 < again <= 1.1
    assert pace.claim(1) == 0
    assert pace.redis.get(RUNS_KEY) == b"1"


def test_articles_do_not_wait_for_each_other(pace: Pace) -> None:
    assert pace.claim(1) is None
    assert pace.claim(2) is None


def test_after_a_run_the_next_one_is_promised_anew(pace: Pace) -> None:
    pace.claim(1)
    assert pace.claim(1)
    pace.redis.delete("broadsheet:recount:1")  # The second is over.

    assert pace.claim(1) is None
    # A like that arrives from here on may have missed that run's look at the rows.
    assert pace.claim(1)


def test_the_run_that_was_promised_may_count(pace: Pace) -> None:
    pace.claim(1)
    seconds = pace.claim(1)
    assert seconds
    time.sleep(seconds)
    assert pace.claim(1) is None


def test_a_redis_that_forgot_lets_everybody_count(pace: Pace) -> None:
    pace.claim(1)
    pace.redis.flushdb()
    assert pace.claim(1) is None


def test_without_redis_everybody_counts() -> None:
    pace = Pace("redis://127.0.0.1:1/1")
    assert pace.claim(1) is None
    assert pace.claim(1) is None
    with pytest.raises(redis.RedisError):
        pace.redis.ping()
