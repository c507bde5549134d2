"""The rules of the house that no other tool knows: who may import whom, who commits, who sees the request."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from application.config import ROOT

FLOORS = (
    # `python -m application.installation` is a program as main.py is: it starts from the factory; nobody imports it.
    {"main", "installation"},
    {"application"},
    {"accounts"},
    {"cli"},
    # What only commands may do stands beside what the web may do: neither can call the other.
    {"controller", "auditing"},
    # The console shows what an explanation found, and has it made in another process. That no view rehearses in its
    # own is held by `test_no_view_can_start_a_rehearsal`.
    {"explaining"},
    {"rehearsing"},
    {"jobs"},
    {"importing", "safekeeping"},
    {"data"},
    {"extensions"},
    {"live", "caching"},
    {"measuring"},
    {"config"},
    {"utils"},
)
"""From the top down. A room may import from every floor below its own, never from beside or above.

`accounts` is a part of the factory: it builds the user datastore.
"""
HEIGHT = {room: -depth for depth, floor in enumerate(FLOORS) for room in floor}

LONGEST_FILE = 300
FOLDERS = (
    ".ci",
    "application",
    "benchmarks",
    "deploy",
    "docs",
    "migrations",
    "samples",
    "static",
    "templates",
    "tests",
)
BINARY = {".png", ".ico", ".webp", ".jpg", ".woff2", ".pyc"}
ENVIRONMENT = jinja2.Environment(autoescape=True, extensions=["flask_caching.jinja2ext.CacheExtension"])


def python_files(folder: str = "application") -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if path.is_file())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), name(path))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts in {("main",), ("application", "__init__")}:
        return parts[0]
    return parts[1]


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything that a file imports; relative imports are not the house's way."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def rooms_imported(path: Path) -> Iterator[tuple[int, str]]:
    for line, imported in imports_of(path):
        parts = imported.split(".")
        if parts[0] == "main":
            yield line, "main"
        elif parts[0] == "application":
            yield line, parts[1] if len(parts) > 1 and parts[1] in HEIGHT else "application"


def in_rooms(path: Path, *rooms: str) -> bool:
    return any(name(path).startswith(f"application/{room}") for room in rooms)


def text_files() -> Iterator[tuple[Path, str]]:
    # In a second work tree `.git` is a file of git's own.
    top = (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git")
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in sorted({*top, *inside}):
        if path.suffix not in BINARY and "__pycache__" not in path.parts and "screenshots" not in path.parts:
            yield path, path.read_text("utf-8")


# Who may import whom.


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in [*python_files(), ROOT / "main.py"]}
    assert rooms <= HEIGHT.keys(), f"give these a floor in this test, with a reason: {rooms - HEIGHT.keys()}"


def test_imports_run_down() -> None:
    wrong = [
        f"{name(path)}:{line} imports {room}"
        for path in [*python_files(), ROOT / "main.py"]
        for line, room in rooms_imported(path)
        if room != room_of(path) and HEIGHT[room] >= HEIGHT[room_of(path)]
    ]
    assert wrong == []


def test_no_view_can_start_a_rehearsal() -> None:
    """A rehearsal builds a second site and starts a Redis: a web worker would have both, and its readers would wait.

    So a view may import of `explaining` what an explanation is, its words, and what asks another process for one;
    nothing that leads, however far, to a rehearsal.
    """
    reached = reached_from(python_files("application/controller"))
    assert "application.explaining.aside" in reached
    assert [module for module in reached if module.startswith("application.rehearsing")] == []


def reached_from(paths: list[Path]) -> set[str]:
    """Return every module that these files import, and those import. The factory, which imports all, is passed over."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in python_files()}
    modules = {module.removesuffix(".__init__"): path for module, path in modules.items()}
    del modules["application"]
    reached: set[str] = set()
    waiting = list(paths)
    while waiting:
        for _, imported in imports_of(waiting.pop()):
            parts = imported.split(".")
            named = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
            for module in named & modules.keys() - reached:
                reached.add(module)
                waiting.append(modules[module])
    return reached


def test_what_serves_the_site_imports_nothing_of_its_tests_and_tools() -> None:
    roots = ("tests", "benchmarks", "deploy", "migrations")
    wrong = [
        f"{name(path)}:{line} imports {imported}"
        for path in python_files()
        for line, imported in imports_of(path)
        if imported.split(".")[0] in roots
    ]
    assert wrong == []


def test_imports_stand_at_the_top() -> None:
    wrong = [
        f"{name(path)}:{inner.lineno}"
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


# Who may do what.


def test_only_operations_commit() -> None:
    allowed = ("data/operations/", "data/invalidation.py", "data/database.py")
    wrong = [
        f"{name(path)}:{node.lineno}"
        for path in [*python_files(), *python_files("deploy"), *python_files("benchmarks")]
        if not in_rooms(path, *allowed)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert wrong == []


def test_the_request_is_seen_only_by_what_stands_around_it() -> None:
    around = ("controller/", "caching/", "measuring/timing.py")
    hidden = {f"flask.{of_request}" for of_request in ("request", "session", "g")}
    wrong = [
        f"{name(path)}:{line} imports {imported}"
        for path in python_files()
        if not in_rooms(path, *around)
        for line, imported in imports_of(path)
        if imported in hidden
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("rooms", "strangers"),
    [
        (("controller/",), ("sqlalchemy", "redis", "celery", "application.extensions.db")),
        (("data/",), ("celery", "redis", "flask_login", "application.extensions.live", "werkzeug")),
        (("caching/", "measuring/"), ("application.data", "application.extensions", "flask_login", "flask_security")),
        (("live/",), ("flask.request", "sqlalchemy", "flask_login")),
        (("jobs/",), ("sqlalchemy", "application.extensions.db", "application.data.models")),
        (("utils/",), ("flask", "sqlalchemy", "redis", "application.config")),
    ],
)
def test_rooms_know_nothing_of_what_is_not_theirs(rooms: tuple[str, ...], strangers: tuple[str, ...]) -> None:
    wrong = [
        f"{name(path)}:{line} imports {imported}"
        for path in python_files()
        if in_rooms(path, *rooms)
        for line, imported in imports_of(path)
        if any(imported == stranger or imported.startswith(f"{stranger}.") for stranger in strangers)
    ]
    assert wrong == []


def test_controllers_see_no_rows() -> None:
    # The lengths of columns are facts of a form too; they are constants, and written as such.
    wrong = [
        f"{name(path)}:{line} imports {imported}"
        for path in python_files()
        if in_rooms(path, "controller/", "jobs/", "live/")
        for line, imported in imports_of(path)
        if imported.startswith("application.data.models.") and not imported.rpartition(".")[2].isupper()
    ]
    assert wrong == []


def test_nothing_pickles() -> None:
    wrong = [
        f"{name(path)}:{line} imports {imported}"
        for path in python_files()
        for line, imported in imports_of(path)
        if imported.split(".")[0] in {"pickle", "marshal", "shelve", "dill"}
    ]
    assert wrong == []


# Templates.


def templates() -> list[str]:
    return sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*"))


@pytest.mark.parametrize("template", templates())
def test_a_template_asks_the_database_nothing(template: str) -> None:
    parsed = ENVIRONMENT.parse((ROOT / "templates" / template).read_text("utf-8"))
    names = {node.name for node in parsed.find_all(nodes.Name)}
    attributes = {node.attr for node in parsed.find_all(nodes.Getattr)}
    assert names.isdisjoint({"db", "cache", "User", "Profile", "Article"})
    assert attributes.isdisjoint({"query", "execute", "scalar", "scalars", "session", "commit"})


@pytest.mark.parametrize("template", [name for name in templates() if name.split("/")[0] in {"articles", "base.html"}])
def test_a_shared_template_sees_nothing_personal(template: str) -> None:
    parsed = ENVIRONMENT.parse((ROOT / "templates" / template).read_text("utf-8"))
    names = {node.name for node in parsed.find_all(nodes.Name)}
    assert names.isdisjoint({"session", "request", "g", "current_user", "csrf_token", "get_flashed_messages"})


# Reasons, sizes and words.


def test_every_ignored_check_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("ignore = ["))
    end = next(number for number, line in enumerate(lines) if line == "[tool.ruff.lint.pylint]")
    entries = [line for line in lines[start + 1 : end] if re.match(r'\s*"', line) and not line.endswith("= [")]
    assert entries, "where are the ignores?"
    assert [line for line in entries if not re.search(r"#\s*\S", line)] == []


def test_mypy_is_told_nothing_without_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    loosened = re.compile(r"(ignore_\w+|follow_imports|disable_error_code|disallow_\w+|warn_\w+|check_\w+)\s*=")
    wrong = [
        line
        for before, line in pairwise(lines)
        if loosened.match(line) and not before.lstrip().startswith("#") and "#" not in line
    ]
    assert wrong == []


def test_an_exception_from_a_check_names_it() -> None:
    blanket = re.compile(r"#\s*(?:(?:ruff:\s*)?noqa(?!:)|type:\s*ignore(?!\[)|mypy:\s*ignore-errors)")
    wrong = [
        f"{name(path)}:{number}"
        for path in [*python_files(), *python_files("tests"), ROOT / "main.py"]
        if path.name != Path(__file__).name
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if blanket.search(line)
    ]
    assert wrong == []


def test_an_exception_for_the_linter_has_its_reason() -> None:
    bare = re.compile(r"#\s*noqa:\s*[A-Z0-9, ]+$")
    wrong = [
        f"{name(path)}:{number}"
        for path in python_files()
        for number, (before, line) in enumerate(pairwise(["", *path.read_text("utf-8").splitlines()]), start=1)
        if bare.search(line) and not before.lstrip().startswith("#")
    ]
    assert wrong == []


def test_a_file_fits_in_the_head() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_room_is_a_lumber_room() -> None:
    miscellany = {"util", "utils", "helpers", "helper", "misc", "common", "stuff", "tools"}
    assert [name(path) for path in python_files() if path.stem in miscellany] == []


def test_no_text_names_a_machine_or_a_registry() -> None:
    hosts = ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "artifac" + "tory", "deb." + "debian")
    folders = ("/wo" + "rk/", "/ro" + "ot/", r"/ho" + r"me/(?!$|\s)", "/Us" + "ers/", "/tm" + "p/")
    named = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![\w.<>*-]){folder}" for folder in folders)]))
    wrong = [
        f"{name(path)}:{number}: {line.strip()[:100]}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), start=1)
        if named.search(line)
    ]
    assert wrong == []


LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_links_between_documents_lead_somewhere() -> None:
    wrong = [
        f"{name(path)}: {target}"
        for path, text in text_files()
        if path.suffix == ".md" and not in_folder(path, "samples", "tests")
        for target in LINK.findall(text)
        if not re.match(r"[a-z]+:|#|/", target) and not (path.parent / target.split("#")[0]).exists()
    ]
    assert wrong == []


def test_links_between_the_samples_lead_somewhere() -> None:
    samples = {path.stem: path.read_text("utf-8") for path in (ROOT / "samples").glob("*.md")}
    wrong = [
        f"{slug}: {target}"
        for slug, text in samples.items()
        for target in LINK.findall(text)
        if target.removeprefix("/articles/") not in samples
    ]
    assert wrong == []


def in_folder(path: Path, *folders: str) -> bool:
    return path.relative_to(ROOT).parts[0] in folders
