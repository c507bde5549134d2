"""Templates: each rendered page is a span of kind `template`."""

from time import perf_counter_ns
from typing import Any

from flask import Flask, before_render_template, template_rendered

from application.measuring import timing


def init_app(app: Flask) -> None:
    """Time every template that the application renders."""
    before_render_template.connect(_before, app)
    template_rendered.connect(_after, app)


def _before(_app: Flask, context: dict[str, Any], **_rest: object) -> None:
    context["_render_started_ns"] = perf_counter_ns()


def _after(_app: Flask, template: Any, context: dict[str, Any], **_rest: object) -> None:
    if (timings := timing.current()) is not None:
        timings.add("template", str(template.name), perf_counter_ns() - context["_render_started_ns"])
