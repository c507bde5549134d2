"""The shell scripts, as a person meets them: on a machine that lacks something, and on one that has everything."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(path.name for path in ROOT.glob("local_*.sh"))
PARTS = [
    "application",
    "deploy",
    "main.py",
    "migrations",
    "requirements.txt",
    "samples",
    "static",
    "templates",
    *SCRIPTS,
]
TOOLS = ["sh", "cat", "cksum", "dirname", "env", "readlink", "rm", "sed"]
STARTS_WITHIN = 60
ENDS_WITHIN = 30


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the site without anything that was made in it, in a folder whose name has spaces."""
    copy = tmp_path / "a fresh checkout"
    copy.mkdir()
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with nothing but the system's basic tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def run(
    script: Path, *arguments: str, path: Path | str = os.environ["PATH"], **environ: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [script, *arguments],
        env={"PATH": str(path), "HOME": "/nonexistent", **environ},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def pretend_python(folder: Path, name: str, version: str, *, has_venv: bool = True) -> None:
    """Put a program on PATH that answers like another Python."""
    old = "true" if tuple(map(int, version.split("."))) < (3, 11) else "false"
    (folder / name).write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"*platform*) echo {version} ;;\n"
        f"*version_info*) ! {old} ;;\n"
        f"*venv*) {'true' if has_venv else 'false'} ;;\n"
        "esac\n"
    )
    (folder / name).chmod(0o755)


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize("script", [*SCRIPTS, ".ci/run"])
def test_every_script_is_posix_shell(script: str) -> None:
    text = (ROOT / script).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert re.search(r"^set -eu$", text, re.MULTILINE)
    assert os.access(ROOT / script, os.X_OK)
    shell = shutil.which("dash") or "/bin/sh"
    subprocess.run([shell, "-n", ROOT / script], check=True)


def is_readable(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read; unlike `select`, whatever the number of open files."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    return bool(waiting.poll(seconds * 1000))


@pytest.mark.parametrize("script", [*SCRIPTS, ".ci/run"])
def test_every_script_pleases_shellcheck(script: str) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed here")
    subprocess.run([shellcheck, ROOT / script], check=True)


class TestSetup:
    def test_a_python_that_is_too_old_is_named_with_its_version(self, checkout: Path, tools: Path) -> None:
        pretend_python(tools, "python3", "3.10.9")
        done = run(checkout / "local_setup.sh", path=tools)
        assert done.returncode == 1
        assert "Python 3.11 or newer is needed, but python3 is 3.10.9" in done.stderr

    def test_a_machine_without_python_is_told_so(self, checkout: Path, tools: Path) -> None:
        done = run(checkout / "local_setup.sh", path=tools)
        assert done.returncode == 1
        assert "there is no python3 here" in done.stderr

    def test_a_python_without_venv_is_told_what_to_install(self, checkout: Path, tools: Path) -> None:
        pretend_python(tools, "python3", "3.13.1", has_venv=False)
        done = run(checkout / "local_setup.sh", path=tools)
        assert done.returncode == 1
        assert "apt install python3-venv" in done.stderr

    def test_a_newer_python_beside_an_old_one_is_found(self, checkout: Path, tools: Path) -> None:
        pretend_python(tools, "python3", "3.9.2")
        pretend_python(tools, "python3.13", "3.13.1")
        done = run(checkout / "local_setup.sh", path=tools)
        assert "Making .venv with python3.13" in done.stdout

    def test_a_venv_that_is_broken_is_made_again(self, checkout: Path, tools: Path) -> None:
        (checkout / ".venv" / "bin").mkdir(parents=True)
        pretend_python(tools, "python3", "3.13.1")
        done = run(checkout / "local_setup.sh", path=tools)
        assert "the one that is here does not work" in done.stdout
        assert not (checkout / ".venv").exists()

    def test_packages_are_installed_once(self, checkout: Path, tools: Path) -> None:
        """A second run may need no network: a pip that cannot work proves that it is not called."""
        pretend_python(checkout_bin(checkout), "python", "3.13.1")
        first = run(checkout / "local_setup.sh", path=tools)
        assert "Installing requirements.txt" in first.stdout
        again = run(checkout / "local_setup.sh", path=tools)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        (checkout / "requirements.txt").write_text("other==1\n")
        assert "Installing requirements.txt" in run(checkout / "local_setup.sh", path=tools).stdout

    def test_an_unknown_argument_is_refused(self, checkout: Path, tools: Path) -> None:
        pretend_python(checkout_bin(checkout), "python", "3.13.1")
        done = run(checkout / "local_setup.sh", "--fast", path=tools)
        assert done.returncode == 1
        assert "unknown argument --fast" in done.stderr


def checkout_bin(checkout: Path) -> Path:
    folder = checkout / ".venv" / "bin"
    folder.mkdir(parents=True)
    return folder


class TestWhatIsWrong:
    def test_a_taken_port_is_said_before_anything_is_installed(self, checkout: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run(checkout / "local_run.sh", PORT=str(port))
        assert done.returncode == 1
        assert f"port {port} of 127.0.0.1 is taken by another program; choose another: PORT=" in done.stderr
        assert not (checkout / ".venv").exists()

    def test_a_port_from_run_env_is_checked_too(self, checkout: Path) -> None:
        (checkout / "db_directory").mkdir()
        (checkout / "db_directory" / "run.env").write_text("PORT=seven\n")
        done = run(checkout / "local_run.sh")
        assert done.returncode == 1
        assert "PORT is 'seven'" in done.stderr

    @pytest.mark.parametrize("script", ["local_workers.sh", "local_beat.sh"])
    def test_without_packages_the_single_parts_say_what_to_run(self, checkout: Path, script: str) -> None:
        done = run(checkout / script)
        assert done.returncode == 1
        assert "run ./local_setup.sh first" in done.stderr

    @pytest.mark.parametrize("script", ["local_workers.sh", "local_beat.sh"])
    def test_without_redis_the_single_parts_name_its_address(self, ready: Path, script: str) -> None:
        done = run(ready / script, REDIS_URL="redis://:secret@127.0.0.1:1", ENV="test")
        assert done.returncode == 1
        assert "redis://:***@127.0.0.1:1" in done.stderr
        assert "Traceback" not in done.stderr
        assert "secret" not in done.stderr

    def test_a_silent_redis_keeps_the_site_from_starting(self, ready: Path) -> None:
        done = run(ready / "local_run.sh", REDIS_URL="redis://127.0.0.1:1", PORT=str(unused_port()))
        assert done.returncode == 1
        assert "REDIS_URL is redis://127.0.0.1:1" in done.stderr

    def test_production_names_every_missing_secret(self, ready: Path) -> None:
        done = run(ready / "local_run.sh", ENV="production", PORT=str(unused_port()))
        assert done.returncode == 1
        for name in ("SECRET_KEY", "SECURITY_PASSWORD_SALT", "DATABASE_URL", "REDIS_URL", "SITE_URL"):
            assert name in done.stderr
        assert not (ready / "db_directory" / "run.env").exists()


@pytest.fixture
def ready(checkout: Path) -> Path:
    """A checkout whose packages are installed already: it borrows the ones that run these tests."""
    folder = checkout / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    borrowed = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (packages / "borrowed.pth").write_text(f"{borrowed}\n")
    packages_wanted = (checkout / "requirements.txt").read_bytes()
    summed = subprocess.run(["cksum"], input=packages_wanted, capture_output=True, check=True)
    (folder / "installed-requirements.txt").write_bytes(summed.stdout)
    choice = checkout / "application" / "installation" / "redis_choice.py"
    # The tests' machine may have a Redis on the standard port that is nobody's to mark.
    choice.write_text(choice.read_text().replace("STANDARD_PORT = 6379", f"STANDARD_PORT = {unused_port()}"))
    return checkout


class Site:
    """`local_run.sh` on a terminal of its own."""

    def __init__(self, checkout: Path, port: int, **environ: str) -> None:
        self.checkout = checkout
        self.port = port
        self.text = ""
        names = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PORT": str(port), **environ}
        master, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [checkout / "local_run.sh"],
            cwd="/",
            env=names,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - a controlling terminal cannot be had otherwise
        )
        os.close(terminal)
        self.terminal: int | None = master

    def read_until(self, words: str, seconds: float) -> str:
        """Read what it prints until some words appear."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert self.terminal is not None
            assert time.monotonic() < end, self.text
            got = self._read() if is_readable(self.terminal, 0.2) else ""
            self.text += got
            if not got and self.process.poll() is not None:
                raise AssertionError(self.text)
        return self.text

    def processes(self) -> set[int]:
        """List every process that runs from this checkout."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and self._is_of_checkout(entry):
                found.add(int(entry.name))
        return found

    def hang_up(self) -> None:
        """Close the terminal."""
        assert self.terminal is not None
        os.close(self.terminal)
        self.terminal = None

    def wait(self) -> int:
        """Wait for its end, and go on reading, for a full terminal would hold it up."""
        end = time.monotonic() + ENDS_WITHIN
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            if self.terminal is not None and is_readable(self.terminal, 0.1):
                self.text += self._read()
            else:
                time.sleep(0.05)
        return self.process.returncode

    def end(self) -> None:
        """Leave nothing behind, whatever a test did."""
        if self.process.poll() is None:
            self.process.terminate()
            self.wait()
        if self.terminal is not None:
            os.close(self.terminal)

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a page."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _read(self) -> str:
        assert self.terminal is not None
        try:
            return os.read(self.terminal, 65536).decode(errors="replace").replace("\r\n", "\n")
        except OSError:
            # The other side is gone, as it shall be in the end.
            return ""

    def _is_of_checkout(self, entry: Path) -> bool:
        try:
            return (entry / "cwd").readlink() == self.checkout and (entry / "cmdline").read_bytes() != b""
        except OSError:
            return False


def _take_terminal() -> None:
    """Make the terminal on standard input this session's own, so that Ctrl-C and a hang-up reach it."""
    # As at a person's terminal, also where the tests themselves were started by `nohup`.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def site(ready: Path) -> Iterator[Site]:
    running = Site(ready, unused_port())
    yield running
    running.end()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="lists processes by /proc")
class TestRun:
    @pytest.mark.timeout(300)
    def test_one_command_runs_the_site_and_ctrl_c_or_a_closed_terminal_ends_all_of_it(self, site: Site) -> None:
        text = site.read_until("stop         Ctrl-C", STARTS_WITHIN)
        password = re.search(r"password  (\S+)", text)
        assert password
        assert f"answers at http://127.0.0.1:{site.port}" in text
        status, page = site.get("/")
        assert status == 200
        assert "Broadsheet" in page
        written = site.checkout / "db_directory" / "run.env"
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
        assert password[1] not in written.read_text()
        assert password[1].encode() not in (site.checkout / "db_directory" / "broadsheet.sqlite3").read_bytes()
        assert len(site.processes()) >= 6
        line = re.search(r"cached keys  (.+)", text)
        assert line
        listed = subprocess.run(line[1], shell=True, cwd="/", capture_output=True, text=True, check=True)  # noqa: S602
        assert "flask_cache_view//" in listed.stdout

        kept = written.read_text()
        os.write(site.terminal or -1, b"\x03")
        assert site.wait() == 0
        assert site.processes() == set()
        assert "Traceback" not in site.text

        again = Site(site.checkout, site.port)
        try:
            self.run_again(again)
            assert written.read_text() == kept
            again.hang_up()
            again.wait()
        finally:
            again.end()
        assert again.processes() == set()

    def run_again(self, site: Site) -> None:
        """Start what has been started before: nothing is made anew, nobody starts it twice, what dies comes back."""
        text = site.read_until("stop         Ctrl-C", STARTS_WITHIN)
        assert "shown at the first start" in text
        assert "Installing" not in text
        refused = run(site.checkout / "local_run.sh", PORT=str(unused_port()))
        assert refused.returncode == 1
        assert "this site already runs" in refused.stderr
        beat = next(pid for pid in site.processes() if b"beat" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(beat, signal.SIGKILL)
        site.read_until("beat ended unexpectedly; starting it again", 10)
