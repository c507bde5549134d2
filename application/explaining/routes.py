"""Which rule of the site an address matches, and the function behind it."""

import inspect
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from application.config import ROOT
from application.explaining.explanation import Route


def find_route(app: Flask, environ: dict[str, Any]) -> Route | None:
    """Return the rule and its view, without what decorators have put around it; None when there is none."""
    try:
        rule, _ = app.url_map.bind_to_environ(environ).match(return_rule=True)
    except HTTPException:
        return None
    view: Any = app.view_functions[rule.endpoint]
    view = inspect.unwrap(getattr(view, "view_class", view))
    name = f"{view.__module__}.{view.__qualname__}"
    return Route(rule.rule, rule.endpoint, name, _place(view))


def _place(view: Any) -> str:
    code = getattr(view, "__code__", None)
    if code is None:
        return ""
    return f"{code.co_filename.removeprefix(f'{ROOT}/')}:{code.co_firstlineno}"
