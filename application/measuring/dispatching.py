"""Flask's own parts of a request: the whole of it, what runs before and after the view, and the view."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.ctx import RequestContext

from application.measuring.timing import Span, note_route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


_CONTEXT = "broadsheet.context"


def init_app(app: Flask) -> None:
    """Time what Flask does; call it before anything is put around `app.wsgi_app`."""
    app.wsgi_app = TimedFlask(app.wsgi_app)  # type: ignore[method-assign]
    parts = {"preprocess_request": "before the view", "dispatch_request": "view", "process_response": "after the view"}
    for method, name in parts.items():
        setattr(app, method, _timed(name, getattr(app, method)))
    app.request_context = _kept(app.request_context)  # type: ignore[method-assign]


class TimedFlask:
    """WSGI: Flask as a span; what is left of it without its parts is routing and contexts."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        with Span("flask", "flask") as whole:
            try:
                return self.app(environ, start_response)
            finally:
                # Before Flask was entered nobody may have known the address' rule.
                _name(whole, environ.pop(_CONTEXT, None))


def _name(whole: Span, context: RequestContext | None) -> None:
    if context is None or (rule := context.request.url_rule) is None:
        return
    note_route(rule.rule)
    for part in whole.children:
        if part.kind == "view":
            part.name = rule.endpoint


def _kept(request_context: Callable[..., RequestContext]) -> Callable[..., RequestContext]:
    def keep(environ: "WSGIEnvironment") -> RequestContext:
        context: RequestContext = request_context(environ)
        environ[_CONTEXT] = context
        return context

    return keep


def _timed(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    kind = "view" if name == "view" else "flask"

    def timed(*args: Any) -> Any:
        with Span(kind, name):
            return method(*args)

    return timed
