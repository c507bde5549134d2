"""Templates: each rendered page is a span of kind `template`; its cached fragments are spans within it."""

from typing import Any

from flask import Flask
from jinja2 import Template

from application.measuring.timing import Span


class TimedTemplate(Template):
    """A template that knows how long it is rendered."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Render as a span."""
        with Span("template", str(self.name)):
            return super().render(*args, **kwargs)


def init_app(app: Flask) -> None:
    """Time every template that the application renders."""
    app.jinja_env.template_class = TimedTemplate
