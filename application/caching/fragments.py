"""`{% cache timeout, "name", vary… %} … {% endcache %}`: a piece of a template, cached with what it shows."""

from collections.abc import Callable
from typing import Any

from flask_caching import make_template_fragment_key
from flask_caching.jinja2ext import JINJA_CACHE_ATTR_NAME, CacheExtension
from markupsafe import Markup

from application.caching import recording
from application.caching.codec import Codec
from application.caching.keys import argument, shorten
from application.caching.policy import Policy, seconds

TEXT: Codec[str] = Codec(str)


class FragmentExtension(CacheExtension):
    """Flask-Caching's tag over our engine.

    A fragment shows what was read before it began, so it takes over the tags of all that stands around it.
    """

    tags = {"cache"}  # noqa: RUF012 - Jinja's own interface

    def _cache(self, timeout: Any, fragment_name: str, vary_on: list[Any], caller: Callable[[], str]) -> Any:
        cache = getattr(self.environment, JINJA_CACHE_ATTR_NAME)
        key = fragment_key(fragment_name, vary_on)
        if timeout == "del":
            cache.delete(key)
            return caller()
        around = recording.current()
        # By this one it is deleted under the name that Flask-Caching documents.
        tags = {*(around.tags if around is not None else ()), documented_tag(fragment_name, vary_on)}
        policy = Policy(key, TEXT, seconds(timeout), tags=tuple(tags), inherits=True)
        return Markup(cache.through(policy, lambda: str(caller())))  # noqa: S704 - our own output


def documented_tag(name: str, vary_on: list[Any]) -> str:
    """Return the tag that stands for a fragment's name as Flask-Caching makes it."""
    return f"fragment/{make_template_fragment_key(name, vary_on=[str(value) for value in vary_on])}"


def fragment_key(name: str, vary_on: list[Any]) -> str:
    """Name a fragment readably: `fragment/more_by/12`."""
    return shorten("/".join(["fragment", name, *map(argument, vary_on)]))
