"""Whether the site can listen where it is told to; also run as a script, before any package is installed.

Exit status 4 says that the address cannot be used and that the reason has been printed.
"""

import errno
import fcntl
import socket
import sys
from pathlib import Path

UNUSABLE = 4
LOCK = Path(__file__).resolve().parent.parent.parent / "db_directory" / "run.lock"
"""Held by a site that runs; deploy/supervise.py takes it."""


def why_unusable(host: str, port: str) -> str:
    """Tell in a sentence why nobody can listen on an address, naming the setting to change; empty when one can."""
    if not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= 65535:
        return f"PORT is {port!r}; it must be a number from 1 to 65535"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    except OSError:
        return f"HOST is {host!r}, which is no address of this machine"
    try:
        with socket.socket(family, kind) as listener:
            # As a server does: connections of a site that has just ended do not hold its port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1)
    except OSError as error:
        return _explain(error, host, port)
    return ""


def is_running(lock: Path = LOCK) -> bool:
    """Tell whether this very site runs already."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port now."""
    return not why_unusable("127.0.0.1", str(port))


def _explain(error: OSError, host: str, port: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken by another program; choose another: PORT={_neighbour(port)}"
    if error.errno == errno.EACCES:
        return f"port {port} is for the system's own servers; choose one above 1023: PORT=8080"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST is {host!r}, which is no address of this machine"
    return f"cannot listen on port {port} of {host} (HOST and PORT): {error.strerror}"


def _neighbour(port: str) -> int:
    return int(port) + 1 if int(port) < 65535 else 8080


def main(arguments: "list[str]") -> int:
    """Say why the address in the arguments cannot be used."""
    reason = "this site already runs; end that one first" if is_running() else why_unusable(*arguments)
    if not reason:
        return 0
    sys.stderr.write(f"local_run.sh: {reason}\n")
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
