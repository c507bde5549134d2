"""Backup and restore: from one database into another, while somebody writes."""

import contextvars
import json
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import delete, insert, select, text

from application import create_app
from application.data.invalidation import sweep_outbox
from application.data.models import AuditEntry, Feedback, Profile, User
from application.data.operations import likes
from application.data.types import utc_now
from application.extensions import db
from application.safekeeping import restore as restoring
from application.safekeeping import schema
from application.safekeeping.backup import back_up
from application.safekeeping.bundle import DATABASE, MANIFEST, digest
from application.safekeeping.problems import BackupProblem
from application.safekeeping.restore import restore
from tests.conftest import POSTGRES, copy_of, settings_for
from tests.controller.conftest import Browser
from tests.controller.people import make_article, make_user

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def furnished(app: Flask) -> Flask:
    """A site with a row of every kind that is hard to carry over."""
    app.test_client_class = Browser
    user_id = make_user("ada", "author", "editor")
    article_id, _ = make_article(user_id, "Zeichen: “ä”, 🦆, עברית")
    make_article(user_id, "A draft", publish=False)
    likes.add_like(article_id, user_id=user_id)
    likes.add_like(article_id, visitor_id="0" * 32)
    likes.recount_likes(article_id)
    db.session.add(Profile(user_name="imported", display_name="Imported", biography="Line\n\nline"))
    db.session.add(Feedback(name="Bo", email="bo@example.com", message="Hello", done_at=utc_now(), done_by="ada"))
    db.session.add(AuditEntry(user_name="ada", deed="tried", subject="x", details={"a": [1, None, "é"]}))
    db.session.commit()
    return app


@pytest.fixture
def elsewhere(migrated: str, tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    """Another site, with an empty database."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with copy_of(migrated, folder) as url:
        app = create_app(settings_for(url, redis_url, INSTALLATION_ID="elsewhere"))
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def run() -> Callable[[Flask], Run]:
    def of(app: Flask) -> Run:
        def run(*arguments: str) -> tuple[int, str]:
            # In a context of its own: the test's would lend it the other site's database.
            result = contextvars.Context().run(app.test_cli_runner().invoke, args=arguments)
            return result.exit_code, result.output

        return run

    return of


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of the database, but what is still to be told to the caches."""
    with db.engine.connect() as connection:
        tables = schema.tables_of(connection).sorted_tables
        return {
            table.name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=str)
            for table in tables
            if table.name != "invalidation_outbox"
        }


@contextmanager
def somebody_writes(app: Flask) -> Iterator[list[int]]:
    """Write two rows that belong together, over and over, until the block ends."""
    written: list[int] = []
    stop = threading.Event()

    def write() -> None:
        with app.app_context():
            while not stop.is_set():
                number = len(written)
                with db.engine.begin() as connection:
                    connection.execute(
                        insert(Feedback), [{"name": f"n {number}", "email": "a@example.com", "message": "m" * 1000}]
                    )
                    entry = {"user_name": "", "deed": "written", "subject": f"n {number}", "details": {}}
                    connection.execute(insert(AuditEntry), [entry])
                written.append(number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_what_was_kept_comes_back_row_by_row(furnished: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    before = everything()
    manifest = back_up(tmp_path / "site.backup")
    assert manifest.rows == {name: len(rows) for name, rows in before.items()}
    assert {name for name, count in manifest.rows.items() if count} >= {"articles", "article_likes", "users", "roles"}
    with elsewhere.app_context():
        restored, told = restore(tmp_path / "site.backup")
        assert (restored, told) == (manifest, True)
        assert everything() == before


@pytest.mark.skipif(not POSTGRES, reason="there is no PostgreSQL here (set TEST_POSTGRES_URL)")
def test_a_site_moves_to_the_other_database_and_back(
    furnished: Flask, elsewhere: Flask, tmp_path: Path, redis_url: str
) -> None:
    before = everything()
    back_up(tmp_path / "postgresql.backup")
    small = create_app(settings_for(f"sqlite:///{tmp_path / 'small.sqlite3'}", redis_url))
    with small.app_context():
        # A database without any table is as good as an empty one.
        restore(tmp_path / "postgresql.backup")
        assert everything() == before
        back_up(tmp_path / "sqlite.backup")
        db.engine.dispose()
    with elsewhere.app_context():
        restore(tmp_path / "sqlite.backup")
        assert everything() == before


def test_it_is_one_view_while_somebody_writes(furnished: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    with somebody_writes(furnished) as written:
        while len(written) < 20:
            assert not threading.Event().wait(0.005)
        for n in range(3):
            begun = len(written)
            back_up(tmp_path / f"{n}.backup")
            assert len(written) > begun
    for n in range(3):
        with elsewhere.app_context():
            restore(tmp_path / f"{n}.backup", force=True)
            found = everything()
        messages = {row["name"] for row in found["feedback"]} - {"Bo"}
        entries = {row["subject"] for row in found["audit_log"] if row["deed"] == "written"}
        assert messages == entries
        assert len(messages) >= 20
        assert messages == {f"n {number}" for number in range(len(messages))}


def test_ids_go_on_after_those_that_came_back(furnished: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    back_up(tmp_path / "site.backup")
    with elsewhere.app_context():
        restore(tmp_path / "site.backup")
        article_id, _ = make_article(make_user("grace", "author"), "Another")
        assert article_id == max(row["article_id"] for row in everything()["articles"])
        db.session.remove()


def test_the_caches_forget(furnished: Flask, tmp_path: Path) -> None:
    client = furnished.test_client()
    back_up(tmp_path / "site.backup")
    make_article(db.session.scalar(select(User.id)) or 0, "Written after the backup")
    assert "Written after the backup" in client.get("/").text
    assert client.get("/").headers["X-Cache"] == "hit redis"
    restore(tmp_path / "site.backup", force=True)
    page = client.get("/")
    assert page.headers["X-Cache"] == "miss"
    assert "Written after the backup" not in page.text


def test_without_redis_the_caches_are_told_later(
    furnished: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = furnished.test_client()
    back_up(tmp_path / "site.backup")
    slug = make_article(db.session.scalar(select(User.id)) or 0, "Written after the backup")[1]
    paths = ("/", f"/articles/{slug}", "/articles_by/ada", "/api/article_likes")
    assert [client.get(path).status_code for path in paths] == [200] * 4
    monkeypatch.setattr(restoring.cache, "clear", lambda: False)
    assert restore(tmp_path / "site.backup", force=True)[1] is False
    assert client.get("/").headers["X-Cache"] == "hit redis"
    assert sweep_outbox() == 1
    assert [client.get(path).status_code for path in paths] == [200, 404, 200, 200]
    assert "Written after" not in client.get("/").text


def test_a_database_with_anything_in_it_is_not_replaced_unasked(furnished: Flask, tmp_path: Path) -> None:
    back_up(tmp_path / "site.backup")
    db.session.add(Feedback(name="Late", email="late@example.com", message="Keep me"))
    db.session.commit()
    before = everything()
    with pytest.raises(BackupProblem, match="not empty"):
        restore(tmp_path / "site.backup")
    assert everything() == before
    restore(tmp_path / "site.backup", force=True)
    assert "Late" not in {row["name"] for row in everything()["feedback"]}


def test_an_older_schema_is_brought_up_to_date(app: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    db.session.remove()
    downgrade(revision="0001")
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO articles (slug, title, standfirst, status, created_at, updated_at, reading_minutes,"
                " like_count, language, direction, version, edited_here, content, html) VALUES ('old', 'Old', '',"
                " 'draft', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 1, 0, 'en', 'auto', 1, false, 'x', 'x')"
            )
            if connection.dialect.name == "postgresql"
            else text(
                "INSERT INTO articles (slug, title, standfirst, status, created_at, updated_at, reading_minutes,"
                " like_count, language, direction, version, edited_here, content, html) VALUES ('old', 'Old', '',"
                " 'draft', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, 0, 'en', 'auto', 1, 0, 'x', 'x')"
            )
        )
    assert back_up(tmp_path / "site.backup").revision == "0001"
    with elsewhere.app_context():
        restore(tmp_path / "site.backup")
        assert [row["slug"] for row in everything()["articles"]] == ["old"]
        with db.engine.connect() as connection:
            assert schema.revision_of(connection) == schema.newest()


def test_a_newer_schema_is_refused(furnished: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    path = tmp_path / "site.backup"
    back_up(path)
    rewrite(path, lambda manifest: {**manifest, "revision": "9999"})
    refused(elsewhere, path, "newer release")


@pytest.mark.parametrize("keep", [0, 10, 1000, 0.5, -1])
def test_a_file_cut_short_is_refused(furnished: Flask, elsewhere: Flask, tmp_path: Path, keep: float) -> None:
    path = tmp_path / "site.backup"
    back_up(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep) if keep == 0.5 else int(keep)])
    refused(elsewhere, path, "damaged")


def test_a_changed_byte_is_found(furnished: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    path = tmp_path / "site.backup"
    back_up(path)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    refused(elsewhere, path, "damaged")


def test_a_database_that_is_not_what_the_manifest_says_is_refused(
    furnished: Flask, elsewhere: Flask, tmp_path: Path
) -> None:
    path = tmp_path / "site.backup"
    back_up(path)
    rewrite(path, lambda manifest: manifest, "DELETE FROM feedback")
    refused(elsewhere, path, "not as many rows")
    back_up(path)
    rewrite(path, lambda manifest: manifest, "UPDATE article_authors SET profile_id = 999")
    refused(elsewhere, path, "refer to rows that are not there")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_another_file_is_refused(elsewhere: Flask, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    refused(elsewhere, path, "damaged, or no backup")
    refused(elsewhere, tmp_path / "nothing", "there is no file")
    refused(elsewhere, tmp_path, "cannot be read")


def test_a_fault_in_the_middle_changes_nothing(
    furnished: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.backup"
    back_up(path)
    db.session.execute(delete(Feedback))
    db.session.commit()
    before = everything()

    def fail(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(restoring, "_leave_word", fail)
    with pytest.raises(RuntimeError):
        restore(path, force=True)
    assert everything() == before


def test_a_failing_backup_leaves_the_one_before(
    furnished: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.backup"
    path.write_text("the one before")
    monkeypatch.setattr(zipfile.ZipFile, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BackupProblem, match="No space left"):
        back_up(path)
    assert path.read_text() == "the one before"
    assert [file.name for file in tmp_path.iterdir() if "backup" in file.name] == ["site.backup"]


def test_the_commands(furnished: Flask, elsewhere: Flask, tmp_path: Path, run: Callable[[Flask], Run]) -> None:
    path = tmp_path / "site.backup"
    status, output = run(furnished)("backup", str(path))
    assert status == 0
    assert "2 articles, 1 users, 1 feedback" in output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    status, output = run(elsewhere)("restore", str(path))
    assert status == 0, output
    assert "another installation" in output
    status, output = run(elsewhere)("restore", str(path))
    assert (status, "--force" in output, "Traceback" in output) == (1, True, False)
    assert run(elsewhere)("restore", "--force", str(path))[0] == 0
    assert run(elsewhere)("restore", str(tmp_path / "nothing"))[0] == 1
    assert run(elsewhere)("backup", str(tmp_path / "no" / "folder"))[0] == 1


def test_any_zip_and_sqlite_program_can_look_into_it(furnished: Flask, tmp_path: Path) -> None:
    back_up(tmp_path / "site.backup")
    with zipfile.ZipFile(tmp_path / "site.backup") as archive:
        assert set(archive.namelist()) == {MANIFEST, DATABASE}
        assert json.loads(archive.read(MANIFEST))["site_id"] == "none"
        archive.extract(DATABASE, tmp_path)
    looking = sqlite3.connect(tmp_path / DATABASE)
    assert looking.execute("SELECT count(*) FROM articles").fetchone() == (2,)
    looking.close()


def refused(app: Flask, path: Path, reason: str) -> None:
    with app.app_context():
        before = everything()
        with pytest.raises(BackupProblem, match=reason):
            restore(path, force=True)
        assert everything() == before


def rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], statement: str = "") -> None:
    """Forge a file: another manifest, another database, and a digest that fits."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        database = Path(archive.extract(DATABASE, path.parent / "forged"))
    if statement:
        forging = sqlite3.connect(database)
        forging.execute(statement)
        forging.commit()
        forging.close()
        manifest["sha256"] = digest(database)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(change(manifest)))
        archive.write(database, DATABASE)
