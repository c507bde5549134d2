"""Readable keys: `get_article(slug=rust-1.0)`, `view//articles/rust-1.0`."""

import hashlib
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote, unquote

from flask_caching.utils import get_id

LONGEST = 200
_LOOKS_LIKE_ANOTHER_TYPE = re.compile(r"[-+]?[\d.]|(None|True|False)$|['\"\[({]|$")
_CUT = re.compile(r"~[0-9a-f]{32}$")
_SAFE = "/-._~:@+ !*"


def function_name(function: Callable[..., Any]) -> str:
    """Name a function as its module knows it: `get_article`, `Adder.add`."""
    if inspect.ismethod(function):
        return function.__name__
    return str(getattr(function, "__qualname__", function.__name__)).rpartition("<locals>.")[2]


def is_method(function: Callable[..., Any]) -> bool:
    """Tell whether a function takes an instance first."""
    return next(iter(inspect.signature(function).parameters), "") == "self"


def call_key(
    name: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    ignored: Collection[str] = (),
) -> str:
    """Name a call: the function, then every argument that differs from its default."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    shown = []
    for parameter, value in bound.arguments.items():
        default = signature.parameters[parameter].default
        if signature.parameters[parameter].kind is inspect.Parameter.VAR_KEYWORD:
            shown += [f"{quote(n)}={argument(v)}" for n, v in sorted(value.items()) if n not in ignored]
            continue
        if parameter in ignored or (type(value) is type(default) and value == default):
            continue
        shown.append(f"{parameter}={argument(value)}")
    return shorten(f"{name}({','.join(shown)})" if shown else name)


def argument(value: object) -> str:
    """Write an argument so that a person reads it and no two values are written alike."""
    if isinstance(value, str) and not _LOOKS_LIKE_ANOTHER_TYPE.match(value):
        return quote(value, safe=_SAFE)
    # An object says by `__caching_id__` what it is known by, otherwise by its `repr`.
    return quote(repr(value) if isinstance(value, str) else get_id(value), safe=_SAFE + "'[]{}")


def page_key(path: str, arguments: Mapping[str, str]) -> str:
    """Name a page by its path and its declared arguments, sorted."""
    query = "&".join(f"{quote(name)}={quote(value, safe=_SAFE)}" for name, value in sorted(arguments.items()))
    return shorten(f"view/{quote(path, safe='/-._~:@+!*')}" + (f"?{query}" if query else ""))


def page_address(key: str) -> tuple[str, dict[str, str]] | None:
    """Return the path and the arguments that a page's key names; None for another key, or one that was cut."""
    if not key.startswith("view/") or _CUT.search(key):
        return None
    path, _, query = key.removeprefix("view/").partition("?")
    pairs = (part.partition("=") for part in query.split("&") if part)
    return unquote(path), {unquote(name): unquote(value) for name, _, value in pairs}


def shorten(key: str) -> str:
    """Cut a long key, and make it unique again by a digest; also one that looks as if it had been cut.

    Otherwise whoever asks for an address that is spelled like another's cut key would be given its page, or take its
    place.
    """
    encoded = key.encode()
    if len(encoded) <= LONGEST and not _CUT.search(key):
        return key
    digest = hashlib.blake2b(encoded, digest_size=16).hexdigest()
    return encoded[: LONGEST - 33].decode(errors="ignore") + "~" + digest
