"""`flask profile`, as an operator types it: what it names, and that it leaves nothing behind."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask, abort
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from application.config import ROOT, Settings
from application.data import data_access
from application.data.operations import people
from application.extensions import db
from application.rehearsing.functions import find_function
from application.rehearsing.site import BUILD, RehearsalError, rehearsal
from tests.articles import write
from tests.controller.people import make_user
from tests.state import state

Run = Callable[..., tuple[int, str]]
FEW = ("--requests", "3")


@pytest.fixture
def run(app: Flask) -> Iterator[Run]:
    people.ensure_profile(make_user("ada", "author"))
    write("On Engines")

    def run(*arguments: str) -> tuple[int, str]:
        db.session.remove()
        result = app.test_cli_runner().invoke(args=["profile", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_the_hot_path_is_told_cold_and_warm(run: Run) -> None:
    status, output = run("/articles/on-engines", "--cpu", *FEW)
    assert status == 0, output
    cold, warm = output.split("warm: ")
    assert cold.startswith("cold: /articles/on-engines")
    assert "X-Cache: miss 3" in cold
    assert "application/caching/page_maker.py" in cold
    assert "X-Cache: hit process" in warm
    assert "application/rehearsing" not in output


def test_lines_of_a_function_are_told_through_its_decorators(run: Run) -> None:
    status, output = run("/articles/on-engines", "--lines", "get_article", *FEW)
    assert status == 0, output
    cold, warm = output.split("warm: ")
    assert "application/data/data_access/articles.py:" in cold
    assert 'row = read(_ONE, {"slug": slug}).one_or_none()' in cold
    assert "get_article is not called" in warm


def test_memory_is_told(run: Run) -> None:
    status, output = run("/about", "--memory", *FEW)
    assert status == 0, output
    assert output.count("B at the peak of each time") == 2


def test_the_full_report_is_one_file_that_fetches_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    status, output = run("/", "--html", str(file), *FEW)
    assert (status, str(file) in output) == (0, True)
    page = file.read_text("utf-8")
    assert page.count("<iframe") == 2
    assert "<script src=" not in page
    assert "&lt;script src=" not in page


def test_a_report_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    status, output = run("/about", "--html", str(tmp_path / "no" / "folder.html"), *FEW)
    assert status == 1
    # It is said before anything is measured.
    assert output == f"Error: {tmp_path}/no/folder.html cannot be written: No such file or directory\n"


def test_a_report_that_is_there_is_kept_where_nothing_is_found(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert run("/nowhere", "--html", str(file))[0] == 1
    assert not file.exists()
    file.write_text("of before")
    assert run("/nowhere", "--html", str(file))[0] == 1
    assert file.read_text() == "of before"


def test_a_terminal_that_has_seen_enough_is_no_fault(run: Run, database_url: str, redis_url: str) -> None:
    environ = {"PATH": os.environ["PATH"], "ENV": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    command = [sys.executable, "-m", "flask", "--app", "main", "profile", "/about", *FEW]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert "cannot be written" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("/nowhere",), 1, "/nowhere is answered with 404"),
        (("/account",), 1, "/account leads to "),
        (("/stream",), 1, "/stream is a stream, which never ends"),
        (("articles",), 1, "articles is not an address such as / or http://localhost/"),
        (("https://example.com/",), 1, "https://example.com/ is not on this site, which is http://localhost"),
        (("http://[",), 1, "http://[ is not an address"),
        (("/", "--lines", "get_articel"), 1, "no function get_articel; did you mean application.data.data_access"),
        (("/", "--lines", "init_app"), 1, "init_app can be any of these; say more of its name: "),
        (("/", "--cpu", "--memory"), 2, "One of --cpu, --lines and --memory at a time."),
        (("/", "--requests", "0"), 2, "--requests"),
    ],
)
def test_what_cannot_be_profiled_is_one_line_and_a_status(
    run: Run, arguments: tuple[str, ...], status: int, said: str
) -> None:
    got, output = run(*arguments)
    assert got == status
    assert said in output.splitlines()[-1]
    assert "Traceback" not in output


def test_a_view_that_fails_is_one_line(run: Run, app: Flask) -> None:
    build = app.extensions[BUILD]

    def broken(settings: Settings) -> Flask:
        made = build(settings)
        made.add_url_rule("/broken", "broken", view_func=lambda: 1 // 0)
        made.add_url_rule("/gone", "gone", view_func=lambda: abort(410))
        return made

    app.extensions[BUILD] = broken
    assert run("/broken") == (1, "Error: /broken ends in ZeroDivisionError: integer division or modulo by zero\n")
    assert run("/gone")[0] == 1


def test_a_whole_address_of_the_site_will_do(run: Run) -> None:
    status, output = run("http://localhost/about?x=1", "--cpu", *FEW)
    assert status == 0, output
    assert output.startswith("cold: /about?x=1")


def test_what_is_slow_under_a_profiler_is_not_told_as_slow(
    app: Flask, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    watchful = settings.model_copy(update={"slow_ms": 1})
    with rehearsal(app.extensions[BUILD], watchful, "/about") as site:
        site.forget()
        site.ask()
    assert "slow request" not in caplog.text


def test_nothing_is_left_behind(run: Run, app: Flask, redis_client: redis.Redis) -> None:
    before = state(redis_client)
    for address in ("/", "/articles/on-engines", "/login", "/feedback", "/me?article=1"):
        assert run(address, "--cpu", *FEW)[0] == 0
    assert state(redis_client) == before


def test_the_database_itself_refuses_to_be_written(run: Run, app: Flask, settings: Settings) -> None:
    with rehearsal(app.extensions[BUILD], settings, "/about") as site, site.app.app_context():
        assert site.app is not app
        with pytest.raises((OperationalError, ProgrammingError, SQLAlchemyError), match=r"readonly|read-only"):
            db.session.execute(text("DELETE FROM articles"))
        db.session.remove()
    assert data_access.get_article("on-engines") is not None


def test_where_there_is_no_database_none_is_made(app: Flask, settings: Settings, tmp_path: Path) -> None:
    missing = tmp_path / "missing.sqlite3"
    elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{missing}"})
    with pytest.raises(RehearsalError, match="there is no database at"):  # noqa: SIM117
        with rehearsal(app.extensions[BUILD], elsewhere, "/"):
            pass
    assert not missing.exists()


def test_a_method_is_found_by_its_class() -> None:
    assert find_function("FastLane.__call__").__qualname__ == "FastLane.__call__"
    assert find_function("application.data.data_access.tags.get_tag").__name__ == "get_tag"


# From the web.


def test_no_address_leads_to_a_profiler(app: Flask) -> None:
    named = [str(rule) for rule in app.url_map.iter_rules() if "profil" in f"{rule} {rule.endpoint}"]
    assert named == []


def test_only_commands_may_rehearse_and_profile() -> None:
    """Controllers stand on the same floor as the rehearsals (`test_house.py`); nobody else may come near either."""
    allowed = ("rehearsing/", "explaining/", "measuring/", "cli.py")
    tools = ("application.rehearsing", "application.measuring.profiling", "application.measuring.growth")
    wrong = [
        path.name
        for path in (ROOT / "application").rglob("*.py")
        if not path.relative_to(ROOT / "application").as_posix().startswith(allowed)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import)
        and (getattr(node, "module", None) or node.names[0].name).startswith(tools)
    ]
    assert wrong == []


def test_a_web_worker_never_loads_a_profiler(settings: Settings) -> None:
    code = "import main, sys; print(sorted({'pyinstrument', 'line_profiler'} & sys.modules.keys()))"
    environ = {"ENV": "test", "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert "pyinstrument" not in said.stdout
    assert "line_profiler" not in said.stdout
