"""What Flask-Caching documents beside its decorators: the attributes of what they return, and the ways to forget."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import flask_caching
from flask_caching.utils import TEMPLATE_FRAGMENT_KEY_TEMPLATE

from application.caching.keys import argument, function_name
from application.caching.stock import stock_key
from application.caching.store import Kind, RedisStore

P = ParamSpec("P")
R = TypeVar("R")
_FRAGMENT = TEMPLATE_FRAGMENT_KEY_TEMPLATE.partition("%")[0]


class Forgetting(flask_caching.Cache):
    """Flask-Caching's ways to forget, over invalidation by tag."""

    def invalidate(self, tags: Iterable[str], kind: Kind = "changed") -> bool:
        """Forget everything made from these tags; False when the cache could not be told."""
        raise NotImplementedError

    def delete(self, key: str) -> bool:
        """Forget one key, or a fragment by what `make_template_fragment_key` calls it; True when it was there."""
        if key.startswith(_FRAGMENT):
            return self.invalidate([f"fragment/{key}"])
        return bool(self.cache.delete(key if isinstance(self.cache, RedisStore) else stock_key(key)))

    def delete_memoized(self, f: Any, *args: Any, **kwargs: Any) -> None:
        """Forget a function's results: all of them, those of one instance, or the one for these arguments."""
        _insist_on_a_function(f)
        instance = getattr(f, "__self__", None)
        is_bound = instance is not None and not inspect.isclass(instance)
        if not args and not kwargs:
            self.invalidate([instance_tag(f.tag, instance) if is_bound else f.tag])
            return
        if is_bound and (not args or args[0] is not instance):
            args = (instance, *args)
        self.delete(f.make_cache_key(*args, **kwargs))

    def delete_memoized_verhash(self, f: Any, *args: Any) -> None:  # noqa: ARG002 - Flask-Caching's own signature
        """Forget all of a function's results; there are no version keys that could be left behind."""
        _insist_on_a_function(f)
        self.invalidate([f.tag])


def function_tag(function: Callable[..., Any]) -> str:
    """Return the tag that stands for all results of a function."""
    return f"fn/{function_name(function)}"


def instance_tag(tag: str, instance: object) -> str:
    """Return the tag that stands for all results of a method for one instance."""
    return f"{tag}/{argument(instance)}"


def documented(
    decorated: Callable[P, R], function: Callable[P, R], timeout: Any, make_key: Callable[..., str]
) -> Callable[P, R]:
    """Give the decorated function the attributes that Flask-Caching documents."""
    given: Any = decorated
    given.uncached = function
    given.cache_timeout = timeout
    given.make_cache_key = make_key
    given.tag = function_tag(function)
    return decorated


def _insist_on_a_function(f: object) -> None:
    if not callable(f):
        raise TypeError("results are forgotten by the function itself, not by its name")
