"""Logs with structure: every line says when, where from, and which request or job it belongs to.

The modules log by the standard library; structlog renders what they, Celery, gunicorn and others say.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict

from application.measuring import timing

Format = Literal["text", "json"]
TREE = "spans"
"""Under this name a line has the spans of a request, each with its depth, kind, name, ms and note."""


def formatter(form: Format) -> logging.Formatter:
    """Return what renders a line for people, or as one JSON object."""
    common: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_whole,
    ]
    if form == "json":
        rendering: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_to_json)]
    else:
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain)
        rendering = [_draw_tree, console]
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(processors=[strip, *rendering], foreign_pre_chain=common)


def init_logs(form: Format) -> None:
    """Render what is logged anywhere in this process, unless somebody else does it already."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(True)


def _add_whole(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Say which request or job this belongs to; take out what another handler's formatter has left on the record."""
    line.pop("message", None)
    line.pop("asctime", None)
    if (measurement := timing.current()) is not None and measurement.id:
        line.setdefault(f"{measurement.root.kind}_id", measurement.id)
    return line


def _draw_tree(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Set the spans below the line, for people."""
    tree = line.pop(TREE, ())
    rows = [f"{one['ms']:>10.3f} ms {'  ' * one['depth']}{one['kind']} {one['name']}  {one['note']}" for one in tree]
    line["event"] = "\n".join([str(line["event"]), *(row.rstrip() for row in rows)])
    return line


def _to_json(line: Any, **_rest: object) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
