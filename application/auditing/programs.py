"""What an audit needs beside Python: Node, Chromium, and the pinned packages of `deploy/audit/`."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from application.config import ROOT

SCRIPT = ROOT / "deploy" / "audit" / "audit.cjs"
MODULES = ROOT / ".venv" / "audit"
OLDEST_NODE = (18, 19)
"""What html-validate asks for; Lighthouse 12 would take an older one."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class AuditProblem(Exception):  # noqa: N818 - it is an answer to a person, as in data/errors.py
    """An audit cannot be made; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs are."""

    node: str
    chromium: str
    modules: Path


def find_tools(environ: Mapping[str, str] = os.environ, modules: Path = MODULES) -> Tools:
    """Return what an audit runs with. Raises `AuditProblem` with everything that is missing, and how to get it."""
    path = environ.get("PATH", "")
    node = shutil.which("node", path=path)
    named = environ.get("CHROMIUM")
    found = [shutil.which(name, path=path) for name in ([named] if named else _BROWSERS)]
    chromium = next(filter(None, found), None)
    missing = []
    if node is None or _version(node) < OLDEST_NODE:
        missing.append(f"Node {'.'.join(map(str, OLDEST_NODE))} or newer is not here (Debian: nodejs and npm)")
    if chromium is None:
        missing.append(f"{named or 'Chromium'} is not here (Debian: chromium; CHROMIUM may say where it is)")
    if not (modules / "node_modules" / "lighthouse").is_dir():
        missing.append("Lighthouse is not installed: ./local_setup.sh --audit does it, with npm")
    if missing or node is None or chromium is None:
        raise AuditProblem("; ".join(missing))
    return Tools(node, chromium, modules)


def _version(node: str) -> tuple[int, ...]:
    """Return Node's version; nothing when it does not say one."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603 - the operator's own Node
        return tuple(map(int, said.strip().removeprefix("v").split(".")))
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
