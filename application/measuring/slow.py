"""A slow request is told, with its spans."""

import logging
from typing import Any

from application.measuring.timing import Measurement, Span

logger = logging.getLogger(__name__)

SPANS = 60
"""Spans that are told, the longest; a request of hundreds is told by what took its time."""
LONGEST_TEXT = 200


def tell_slow(measurement: Measurement) -> None:
    """Log a request that took long."""
    elapsed = round(measurement.root.elapsed / 1e6, 3)
    statements, in_database = measurement.totals().get("db", (0, 0))
    facts: dict[str, Any] = {
        "request_id": measurement.id,
        "route": measurement.route,
        "status": measurement.status,
        "ms": elapsed,
        "cache": measurement.notes.get("cache", ""),
        "statements": statements,
        "database_ms": round(in_database / 1e6, 3),
        "spans": _longest(measurement.root),
    }
    logger.warning("slow request: %s took %.0f ms", printable(_name(measurement)), elapsed, extra=facts)


def _name(measurement: Measurement) -> str:
    """Return the address, or its rule where the address itself opens something."""
    return measurement.called if "token>" in measurement.route else measurement.root.name


def _longest(root: Span) -> list[dict[str, Any]]:
    """Describe the longest spans, in the order of the tree: what contains a long one is long itself."""
    spans = list(root.walk())
    told = sorted((span.elapsed for _, span in spans), reverse=True)[:SPANS]
    return [_describe(depth, span) for depth, span in spans if span.elapsed >= told[-1]][:SPANS]


def _describe(depth: int, span: Span) -> dict[str, Any]:
    name, note = printable(span.name), printable(span.note)
    return {"depth": depth, "kind": span.kind, "name": name, "ms": round(span.elapsed / 1e6, 3), "note": note}


def printable(text: str) -> str:
    """Return a text on one line, whatever a stranger has put into an address."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))[:LONGEST_TEXT]
