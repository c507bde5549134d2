"""Run the site's processes under supervisord in the foreground, as the plan on standard input says.

Adds four things to supervisord: every line of output carries its process's name, the welcome is printed when the site
really answers, a closed terminal ends the site, and a process that cannot be started ends it with an error.
"""

import fcntl
import http.client
import json
import os
import signal
import sys
from pathlib import Path
from typing import TypedDict

import redis
from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.process import Subprocess
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = "deploy/supervisord.conf"


class EmbeddedRedis(TypedDict):
    """The server to run; the mark is the key that tells other installations whose it is."""

    port: int
    maxmemory: str
    mark: str
    installation_id: str


class Plan(TypedDict):
    """What `python -m application.installation prepare` found out."""

    host: str
    port: int
    public_host: str
    lock: str
    redis: EmbeddedRedis | None
    welcome: str


class ForegroundOptions(ServerOptions):  # type: ignore[misc] # it ships no types
    """supervisord's options, for a supervisor that ends with its terminal instead of restarting."""

    def __init__(self) -> None:
        super().__init__()
        self.outlives_terminal = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN

    def get_signal(self) -> int | None:
        """Take a closed terminal for a wish to end, unless `nohup` said otherwise."""
        received: int | None = super().get_signal()
        if received != signal.SIGHUP:
            return received
        return None if self.outlives_terminal else signal.SIGTERM


class Foreground(Supervisor):  # type: ignore[misc] # it ships no types
    """supervisord, with the site's own words on the terminal."""

    def __init__(self, options: ForegroundOptions, plan: Plan) -> None:
        super().__init__(options)
        self.plan = plan
        self.welcomed = False
        self.failed = False
        self.unfinished: dict[str, bytes] = {}

    def runforever(self) -> None:
        """Listen to the processes' events while they run."""
        events.subscribe(events.ProcessLogEvent, self.print_output)
        events.subscribe(events.ProcessStateEvent, self.follow)
        super().runforever()

    def tick(self, now: float | None = None) -> None:
        """Look once a second whether the site answers, until it does."""
        super().tick(now)
        if not self.welcomed and self.options.mood == SupervisorStates.RUNNING and answers(self.plan):
            self.welcomed = True
            say(f"\n{self.plan['welcome']}\n")

    def print_output(self, event: events.ProcessLogEvent) -> None:
        """Print whole lines, each behind the name of its process."""
        name = event.process.config.name
        *lines, self.unfinished[name] = (self.unfinished.get(name, b"") + event.data).split(b"\n")
        for line in lines:
            say(f"{name:>6} | {line.decode(errors='replace')}")

    def follow(self, event: events.ProcessStateEvent) -> None:
        """Do what a process's new state asks for."""
        process = event.process
        if self.options.mood != SupervisorStates.RUNNING:
            return
        if isinstance(event, events.ProcessStateRunningEvent):
            self.mark_redis(process)
        elif isinstance(event, events.ProcessStateFatalEvent):
            say(f"{process.config.name} cannot be started; its reason is above. Ending the site.")
            self.failed = True
            self.options.mood = SupervisorStates.SHUTDOWN
        elif isinstance(event, events.ProcessStateExitedEvent | events.ProcessStateBackoffEvent):
            say(f"{process.config.name} ended unexpectedly; starting it again.")

    def mark_redis(self, process: Subprocess) -> None:
        """Put the installation's id into the embedded server, which comes up empty, so that no other takes it."""
        embedded = self.plan["redis"]
        if embedded is None or process.config.name != "redis":
            return
        try:
            with redis.Redis(port=embedded["port"], socket_timeout=1, socket_connect_timeout=1) as server:
                server.set(embedded["mark"], embedded["installation_id"], nx=True)
        except redis.RedisError as error:
            say(f"redis could not be marked as this installation's: {error}")


def answers(plan: Plan) -> bool:
    """Tell whether the site answers its liveness page."""
    connection = http.client.HTTPConnection(plan["host"], plan["port"], timeout=0.5)
    try:
        connection.request("GET", "/hello", headers={"Host": plan["public_host"]})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(text: str) -> None:
    """Print for as long as there is somebody to read; a closed terminal must not stop the supervisor."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())


def hold_lock(path: str) -> int:
    """Hold the installation for this process's life, so that it is not run twice."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("local_run.sh: this site already runs; end that one first") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def describe_redis(embedded: EmbeddedRedis | None) -> dict[str, str]:
    """Name, for supervisord.conf, whether and how it runs a Redis."""
    return {
        "BROADSHEET_EMBEDDED_REDIS": "true" if embedded else "false",
        "BROADSHEET_REDIS_PORT": str(embedded["port"]) if embedded else "0",
        "BROADSHEET_REDIS_MAXMEMORY": embedded["maxmemory"] if embedded else "0",
    }


def main() -> int:
    """Run until told to end; 1 when a process could not be started."""
    os.chdir(ROOT)
    plan: Plan = json.load(sys.stdin)
    hold_lock(plan["lock"])
    os.environ.update(describe_redis(plan["redis"]))
    # The web's processes and Celery's keep their figures for Prometheus in one folder.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(ROOT / "db_directory" / "metrics"))
    options = ForegroundOptions()
    options.realize(["--configuration", CONFIGURATION])
    options.first = True
    options.test = False
    supervisor = Foreground(options, plan)
    say("Starting; Ctrl-C ends the site.")
    try:
        supervisor.main()
    except asyncore.ExitNow:
        say("Everything has ended.")
    if not supervisor.welcomed:
        # The first administrator's password is in it, and is kept nowhere else.
        say(f"The site never got as far as saying this:\n\n{plan['welcome']}\n")
    return int(supervisor.failed)


if __name__ == "__main__":
    sys.exit(main())
