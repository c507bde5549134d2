"""Functions of the application by their names, as an operator types them."""

import difflib
import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from application.config import ROOT
from application.rehearsing.site import RehearsalError

_ROUTINES = (FunctionType, staticmethod, classmethod, property, type(functools.cache(len)))
NEAR = 0.7
"""How alike a name must be to be offered instead."""


def find_function(name: str) -> FunctionType:
    """Return the one function of this name, or of this end of a dotted name. Raises `RehearsalError`."""
    known = dict(_functions())
    found = {whole: function for whole, function in known.items() if f".{whole}".endswith(f".{name}")}
    if len(set(found.values())) > 1:
        raise RehearsalError(f"{name} can be any of these; say more of its name: {', '.join(sorted(found))}")
    if not found:
        short = {whole.rpartition(".")[2]: whole for whole in known}
        near = difflib.get_close_matches(name.rpartition(".")[2], short, n=3, cutoff=NEAR)
        hint = f"; did you mean {', '.join(short[one] for one in near)}?" if near else ""
        raise RehearsalError(f"the application has no function {name}{hint}")
    return next(iter(found.values()))


def _functions() -> Iterator[tuple[str, FunctionType]]:
    """Yield every function and method by its whole name, without what decorators have put around it."""
    for module in _modules():
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and thing.__module__ == module.__name__:
                members = {f"{name}.{inner}": value for inner, value in vars(thing).items()}
            else:
                members = {name: thing}
            for inner, value in members.items():
                function = _bare(value)
                if function is not None and function.__module__ == module.__name__:
                    yield f"{module.__name__}.{inner}", function


def _modules() -> Iterator[ModuleType]:
    """Yield what is loaded, and what is not loaded yet: the application uses all of it but the installation."""
    for found in pkgutil.walk_packages([str(ROOT / "application")], "application."):
        if not found.name.startswith("application.installation"):
            yield sys.modules.get(found.name) or importlib.import_module(found.name)


def _bare(thing: Any) -> FunctionType | None:
    # Its true type is asked for: what stands for something else, as `request` does, would look for a request.
    if not issubclass(type(thing), _ROUTINES):
        return None
    thing = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
    thing = inspect.unwrap(thing)
    return thing if isinstance(thing, FunctionType) else None
