"""The least that a WSGI application can do on this server: ready-made header lines and bodies, by path."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_kept = json.loads(Path(os.environ["ANSWERS"]).read_text())
_answers = {
    path: ([(name, value) for name, value in lines], [bytes.fromhex(body)]) for path, (lines, body) in _kept.items()
}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer."""
    lines, body = _answers[environ["PATH_INFO"]]
    start_response("200 OK", lines)
    return body
