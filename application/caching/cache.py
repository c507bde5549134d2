"""Our Cache, a `flask_caching.Cache`: what is stored knows what it was made from."""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar, cast

import flask_caching
from flask import Flask, request
from flask_caching import signals as stock_signals
from flask_caching.jinja2ext import JINJA_CACHE_ATTR_NAME
from flask_caching.utils import join_generator

from application.caching import recording
from application.caching.backend import RedisBackend
from application.caching.codec import LazyCodec, UncacheableError
from application.caching.counters import family_of
from application.caching.documented import Forgetting, documented, function_tag, instance_tag
from application.caching.engine import Engine
from application.caching.fragments import FragmentExtension
from application.caching.keys import call_key, function_name, is_method, shorten
from application.caching.listener import Listener
from application.caching.page_cache import PAGE_POLICY, PAGES, PageCache, key_of_page
from application.caching.policy import Policy, Predicate, Questions, seconds
from application.caching.reporting import REPORTER, start_reporter
from application.caching.signals import invalidated
from application.caching.stock import through_stock
from application.caching.store import Kind
from application.caching.wanted import PagePolicy
from application.measuring.windows import WINDOWS

P = ParamSpec("P")
R = TypeVar("R")
Timeout = Any
OURS = frozenset({"RedisCache", "redis", "RedisSentinelCache"})
logger = logging.getLogger(__name__)

LISTENER = "broadsheet_cache_listener"
"""Where an application keeps the listener of its process."""


class Cache(Forgetting):
    """Flask-Caching's decorators over an engine that records dependencies."""

    def __init__(self, app: Flask | None = None, config: dict[str, Any] | None = None) -> None:
        self._functions: dict[str, str] = {}
        self._release = ""
        super().__init__(app, with_jinja2_ext=False, config=config)

    def init_app(self, app: Flask, config: dict[str, Any] | None = None) -> None:
        """Bind to an application; `CACHE_TYPE` RedisCache and RedisSentinelCache mean our own backend."""
        config = dict(config or {})
        settings = {**app.config, **(self.config or {}), **config}
        if settings.get("CACHE_TYPE") in OURS:
            config["CACHE_TYPE"] = "application.caching.backend.RedisBackend"
        if settings.get("CACHE_TYPE") == "RedisSentinelCache":
            # Flask-Caching's own default.
            config.setdefault("CACHE_REDIS_SENTINELS", settings.get("CACHE_REDIS_SENTINELS") or [("127.0.0.1", 26379)])
        self._release = str(settings.get("CACHE_RELEASE", ""))
        super().init_app(app, config)
        setattr(app.jinja_env, JINJA_CACHE_ATTR_NAME, self)
        app.jinja_env.add_extension(FragmentExtension)
        if isinstance(backend := app.extensions["cache"][self], RedisBackend):
            app.extensions[WINDOWS] = backend.windows

    def is_ready(self) -> bool:
        """Tell whether the store answers; a new process first tells it what an earlier one could not."""
        return self.engine is not None and self.engine.breaker.allows()

    @property
    def engine(self) -> RedisBackend | None:
        """The backend that keeps the contract, or None when `CACHE_TYPE` chose a stock one."""
        backend: object = self.cache
        return backend if isinstance(backend, RedisBackend) else None

    @property
    def functions(self) -> list[str]:
        """Return the names under which functions are memoized."""
        return sorted(self._functions)

    def start_worker(self, app: Flask, *, serves: bool = True) -> None:
        """Report what this process does; if it serves readers, use its memory, and keep that coherent."""
        backend = app.extensions["cache"][self]
        if not isinstance(backend, RedisBackend):
            return
        if serves and backend.memory.budget > 0:
            app.extensions[LISTENER] = Listener(backend)
            app.extensions[LISTENER].start()
        app.extensions[REPORTER] = start_reporter(app, backend, serves=serves)

    def stop_worker(self, app: Flask) -> None:
        """Report a last time, and listen no more."""
        for name in (REPORTER, LISTENER):
            if name in app.extensions:
                app.extensions.pop(name).stop()

    def page_cache(self, app: Flask) -> PageCache:
        """Return the WSGI layer that answers whole pages for `app`."""
        backend = app.extensions["cache"][self]
        pages = PageCache(app, backend if isinstance(backend, RedisBackend) else None)
        app.extensions[PAGES] = pages
        return pages

    # What the code above tells the engine.

    def depends_on(self, *tags: str) -> None:
        """Note that what is being computed was made from these."""
        if (current := recording.current()) is not None:
            current.read(tags, None)

    def needs_one_view(self) -> bool:
        """Tell whether what is being computed must come from one view of the data."""
        current = recording.current()
        return current is not None and current.one_view

    def do_not_store(self, reason: str) -> None:
        """Keep what is being computed, and all that is made from it, out of the cache."""
        if (current := recording.current()) is not None:
            current.unstorable = current.unstorable or reason

    def invalidate(self, tags: Iterable[str], kind: Kind = "changed") -> bool:
        """Forget everything made from these tags; False when the cache could not be told.

        What was withdrawn leaves no spare copy behind either.
        """
        tags = set(tags)
        if not tags:
            return True
        if self.engine is None:
            # A stock store has no tags: the only exact answer is to forget everything.
            was_told = bool(self.cache.clear())
        else:
            moment = self.engine.invalidate(tags, kind)
            was_told = moment is not None
            if (current := recording.current()) is not None:
                current.wrote, current.untold = moment or current.wrote, current.untold or moment is None
        if was_told:
            invalidated.send(self, tags=frozenset(tags), kind=kind)
        return was_told

    # Flask-Caching's decorators.

    def cached(  # type: ignore[override]  # noqa: PLR0917 - Flask-Caching's own signature
        self,
        timeout: Timeout = None,
        key_prefix: str | Callable[[], str] = "view/%s",
        unless: Predicate = None,
        forced_update: Predicate = None,
        is_stale: Predicate = None,
        response_filter: Predicate = None,
        query_string: bool = False,
        hash_method: Any = None,  # noqa: ARG002 - our keys are readable, nothing is hashed
        cache_none: bool = False,
        make_cache_key: Callable[..., str] | None = None,
        source_check: bool | None = None,  # noqa: ARG002 - the release id is part of every value
        response_hit_indication: bool | None = False,  # noqa: ARG002 - X-Cache says it on every answer
        *,
        args: Iterable[str] = (),
        fresh: Timeout = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Cache a view as a whole page, or any function under `key_prefix`.

        `args` declares the query arguments that a page depends on; it sees no others, and no cookies. `fresh` is the
        soft lifetime: past it one refreshes the value while the others get it as it is.
        """
        questions = Questions(unless, forced_update, is_stale, response_filter, cache_none)

        def make_key(*call_args: Any, **call_kwargs: Any) -> str:
            if make_cache_key is not None:
                return shorten(make_cache_key(*call_args, **call_kwargs))
            prefix = key_prefix() if callable(key_prefix) else key_prefix
            return shorten(prefix % request.path if "%s" in prefix else prefix)

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            if callable(key_prefix) or "%s" not in key_prefix or make_cache_key is not None:
                return self._front(function, questions, (timeout, fresh), make_key, "view")
            policy = PagePolicy(seconds(timeout), frozenset(args), query_string, seconds(fresh))

            @functools.wraps(function)
            def page(*call_args: P.args, **call_kwargs: P.kwargs) -> R:
                return cast("R", self._page(function, questions, *call_args, **call_kwargs))

            setattr(page, PAGE_POLICY, policy)
            return documented(page, function, timeout, lambda **given: key_of_page(self.app, page, policy, **given))

        return decorate

    def memoize(  # type: ignore[override]  # noqa: PLR0917 - Flask-Caching's own signature
        self,
        timeout: Timeout = None,
        make_name: Callable[[str], str] | None = None,
        unless: Predicate = None,
        forced_update: Predicate = None,
        is_stale: Predicate = None,
        response_filter: Predicate = None,
        hash_method: Any = None,  # noqa: ARG002 - our keys are readable, nothing is hashed
        cache_none: bool = False,
        source_check: bool | None = None,  # noqa: ARG002 - the release id is part of every value
        args_to_ignore: list[str] | None = None,
        *,
        fresh: Timeout = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Cache a function's results by its arguments; `fresh` is the soft lifetime."""
        questions = Questions(unless, forced_update, is_stale, response_filter, cache_none)

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            name = make_name(function_name(function)) if make_name else function_name(function)
            self._claim(name, function)

            def make_key(*call_args: Any, **call_kwargs: Any) -> str:
                if call_args and call_args[0] is function:
                    # As Flask-Caching's own.
                    call_args = call_args[1:]
                return call_key(name, function, call_args, call_kwargs, args_to_ignore or ())

            decorated = self._front(function, questions, (timeout, fresh), make_key, "memoize")
            decorated.delete_memoized = lambda: self.delete_memoized(decorated)  # type: ignore[attr-defined]
            return decorated

        return decorate

    def _front(
        self,
        function: Callable[P, R],
        questions: Questions,
        lifetimes: tuple[Timeout, Timeout],
        make_key: Callable[..., str],
        kind: str,
    ) -> Callable[P, R]:
        """Put the engine in front of a function."""
        codec = LazyCodec(function)
        timeout, fresh = lifetimes
        tag, of_instances = function_tag(function), is_method(function)

        @functools.wraps(function)
        def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
            def compute() -> Any:
                value = self._call_fn(function, *args, **kwargs)
                return join_generator(value) if inspect.isgenerator(value) else value

            if self._bypass_cache(questions.unless, function, *args, **kwargs):
                return cast("R", compute())
            policy = Policy(
                key=front.make_cache_key(*args, **kwargs),
                codec=codec(),
                timeout=seconds(front.cache_timeout),
                fresh=seconds(fresh),
                tags=(tag, instance_tag(tag, args[0])) if of_instances and args else (tag,),
                questions=questions,
                forced=self._forced_update(questions.forced_update, *args, **kwargs),
                is_stale=lambda value: self._is_stale(questions.is_stale, value, *args, **kwargs),
            )
            told = {"args": args, "kwargs": kwargs, **({"f": function} if kind == "memoize" else {})}
            return cast("R", self.through(policy, compute, kind, **told))

        front: Any = documented(decorated, function, timeout, make_key)
        return cast("Callable[P, R]", front)

    def _page(self, view: Callable[..., Any], questions: Questions, *args: Any, **kwargs: Any) -> Any:
        """Run a view whose page the fast lane may store, unless its decorator says otherwise."""
        if self._bypass_cache(questions.unless, view, *args, **kwargs):
            self.do_not_store("unless")
        answer = self._call_fn(view, *args, **kwargs)
        if isinstance(answer, flask_caching.CachedResponse) and (current := recording.current()) is not None:
            current.timeout = answer.timeout
        if questions.response_filter is not None and not questions.response_filter(answer):
            self.do_not_store("filter")
        return answer

    # The engine.

    def through(self, policy: Policy, compute: Callable[[], Any], kind: str = "view", **told: Any) -> Any:
        """Return the value under the key, computed and stored when there is none."""
        around = recording.current()
        if around is not None and (around.uncached or (around.without and family_of(policy.key) in around.without)):
            return compute()

        def announce(outcome: str) -> None:
            if self.enable_signals:
                signal = getattr(stock_signals, f"cache_{kind}_{outcome}")
                signal.send(cache=self, cache_key=policy.key, **told)

        backend = self.engine
        if backend is None:
            return through_stock(self.cache, self._release, policy, compute, announce, self._complain)
        return Engine(backend, self._complain).through(policy, compute, announce)

    def _complain(self, key: str, error: UncacheableError) -> None:
        """Raise while developing; in production the value is answered, not stored, and said so."""
        if self.app.debug or self.app.testing:
            raise error
        logger.error("%s was not cached: %s", key, error)

    def _claim(self, name: str, function: Callable[..., Any]) -> None:
        """Raise where another function has this name: one would get the other's results."""
        whole = f"{function.__module__}.{getattr(function, '__qualname__', name)}"
        # Functions inside functions come and go.
        if "<locals>" not in whole and self._functions.setdefault(name, whole) != whole:
            raise ValueError(f"{whole} and {self._functions[name]} are both cached as {name}: give one a make_name")
