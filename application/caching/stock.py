"""The other stores that `CACHE_TYPE` can choose: as Flask-Caching does, with our keys and codec, and without tags."""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from cachelib import BaseCache

from application.caching.codec import MISSING, UncacheableError
from application.caching.policy import Policy

logger = logging.getLogger(__name__)


def through_stock(
    store: BaseCache,
    release: str,
    policy: Policy,
    compute: Callable[[], Any],
    announce: Callable[[str], None],
    complain: Callable[[str, UncacheableError], None],
) -> Any:
    """Return the value under the key, computed and stored when there is none; values live out their lifetime."""
    head = f"{release}\n{policy.codec.name}\n".encode()
    value = MISSING if policy.forced else _stored(store, head, policy)
    if value is not MISSING and not (policy.is_stale and policy.is_stale(value)):
        announce("hit")
        return value
    announce("miss")
    value = compute()
    if policy.may_store(value):
        try:
            store.set(stock_key(policy.key), head + policy.codec.encode(value), timeout=policy.timeout)
        except UncacheableError as error:
            complain(policy.key, error)
        except Exception:
            # Each store's client has errors of its own; none of them is the reader's.
            logger.exception("%s could not be stored", policy.key)
    return value


def stock_key(key: str) -> str:
    """Return a key that every store takes: memcached's have no spaces."""
    return key.replace(" ", "%20")


def _stored(store: BaseCache, head: bytes, policy: Policy) -> Any:
    """Return the value, or `MISSING`: also for one of another release or type, which a file outlives."""
    try:
        stored = store.get(stock_key(policy.key))
        if isinstance(stored, bytes) and stored.startswith(head):
            return policy.codec.decode(stored[len(head) :])
    except msgspec.MsgspecError:
        return MISSING
    except Exception:
        logger.exception("%s could not be looked up", policy.key)
    return MISSING
