"""The statements of a window, and how the database would find their rows."""

import pytest
from flask import Flask
from sqlalchemy import event, text

from application.data.data_access import get_all_articles, get_article, get_database, get_desk, get_statements
from application.data.data_access.statements import MOST
from application.data.facts import Plan, StatementFacts
from application.data.looking import look, nothing_kept
from application.data.plans import BIG, Scan
from application.data.records import DeskFilter
from application.data.wording import fold
from application.extensions import db
from application.measuring import figures
from application.measuring.figures import LONGEST_NAME, OTHERS
from application.measuring.timing import measuring
from tests.data.conftest import Statement
from tests.data.statements import window_of

BY_SLUG = "SELECT title FROM articles WHERE slug = {place} AND title <> '100 %% ? %(no)s'"
ALL = "SELECT title FROM articles WHERE reading_minutes = {place}"


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def asked(text: str, type_: str = "VARCHAR") -> str:
    """Return a statement as the driver gets it."""
    place = "?" if is_sqlite() else f"%(value_1)s::{type_}"
    return (text if is_sqlite() else text.replace("%(no)s", "%%(no)s")).format(place=place)


def found(*texts: str) -> dict[str, StatementFacts]:
    return {one.sql: one for one in get_statements(window_of(*texts)).statements}


def plan(text: str) -> Plan:
    return found(text)[fold(text)].plan


def test_each_has_its_figures_and_its_part_of_the_whole(app: Flask) -> None:
    got = get_statements(window_of("SELECT 1", "SELECT 2", calls=4), "total")
    assert [one.sql for one in got.statements] == ["SELECT 1", "SELECT 2"]
    first = got.statements[0]
    assert (got.calls, got.total_ms) == (8, 199)
    assert (first.calls, first.total_ms, first.mean_ms, first.longest_ms) == (4, 100, 25, 100)
    assert sum(one.share for one in got.statements) == pytest.approx(1, abs=0.001)


def test_lists_and_rows_of_any_length_are_one_statement(app: Flask) -> None:
    two, three = "SELECT 1 WHERE 1 IN (?, ?)", "SELECT 1 WHERE 1 IN (?, ?, ?)"
    (one,) = found(two, three).values()
    assert (one.sql, one.calls, one.total_ms) == ("SELECT 1 WHERE 1 IN (…)", 2, 199)
    assert fold("INSERT INTO t (a)\n VALUES (%(a__0)s::INTEGER, now()), (%(a__1)s::INTEGER, now()) RETURNING a") == (
        "INSERT INTO t (a) VALUES (%(a__0)s::INTEGER, now()), … RETURNING a"
    )


@pytest.mark.parametrize("order", ["mean", "longest", "total", "calls"])
def test_they_come_in_the_order_asked_for(app: Flask, order: str) -> None:
    window = window_of("SELECT 1", "SELECT 2", "SELECT 3")
    best = window.spans[1]
    name = "calls" if order == "calls" else f"{order}_ms"
    setattr(best, name, 1_000)
    if order == "mean":
        best.total_ms = 1_000
    assert get_statements(window, order).statements[0].sql == "SELECT 2"  # type: ignore[arg-type]


def test_a_plan_is_for_any_values_and_names_its_index(library: None) -> None:
    got = plan(asked(BY_SLUG))
    (name,) = (one.name for one in get_database(None).indexes if (one.table, one.columns) == ("articles", "slug"))
    assert (got.indexes, got.scans, got.why_not) == ((name,), (), "")
    assert got.says == f"by {name}"
    assert not got.is_bad


def test_a_big_table_that_is_read_from_end_to_end_is_pointed_out(library: None) -> None:
    got = plan(asked(ALL, "INTEGER"))
    assert got.scans == (Scan("articles", BIG, is_big=True, columns=("reading_minutes",)),)
    assert got.is_bad
    assert got.says == "reads all of articles (1,000 rows or more)"


def test_a_new_row_looks_nothing_up(app: Flask) -> None:
    text = "INSERT INTO tags (slug, name) VALUES ({place}, 'x')"
    assert plan(asked(text)).why_not == ""
    assert is_sqlite() == (plan(asked(text)).says == "adds rows, looks none up")


def test_every_statement_of_the_pages_has_a_plan(library: None, statements: list[Statement]) -> None:
    get_all_articles(None)
    get_article("article-1001")
    get_desk(DeskFilter())
    texts = {one.text for one in statements if one.text.startswith("SELECT")}
    db.session.rollback()
    assert len(texts) > 3
    assert {one.plan.why_not for one in found(*texts).values()} == {""}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PRAGMA page_count", "it reads and writes no rows"),
        ("DROP TABLE tags", "it reads and writes no rows"),
        (OTHERS, "too many to be told apart"),
        (f"SELECT '{'x' * LONGEST_NAME}'", "the text was cut"),
        ("SELECT 1; DROP TABLE tags", "only one statement"),
        ("SELECT * FROM no_such_table", "no_such_table"),
        ("SELECT nothing meant", "the database makes none"),
    ],
)
def test_what_has_no_plan_says_why(app: Flask, text: str, why: str) -> None:
    (one,) = get_statements(window_of(text[:LONGEST_NAME])).statements
    assert one.plan.lines == ()
    assert why in one.plan.why_not


def test_one_that_fails_leaves_the_others_their_plans(library: None) -> None:
    good = asked(BY_SLUG)
    got = found("SELECT * FROM no_such_table", good, "SELECT nothing meant")
    assert got[fold(good)].plan.indexes


def test_nothing_is_run(library: None) -> None:
    texts = ["DELETE FROM tags", "INSERT INTO tags (slug, name) VALUES ('new', 'New')", "UPDATE tags SET name = 'x'"]
    texts.append("WITH gone AS (SELECT 1) DELETE FROM tags")
    before = db.session.execute(text("SELECT * FROM tags ORDER BY 1")).all()
    db.session.rollback()
    assert {one.plan.why_not for one in found(*texts).values()} == {""}
    assert db.session.execute(text("SELECT * FROM tags ORDER BY 1")).all() == before


def test_a_look_cannot_write(library: None) -> None:
    def write(connection: object) -> None:
        with nothing_kept(connection):  # type: ignore[arg-type]
            connection.exec_driver_sql("DELETE FROM tags")  # type: ignore[attr-defined]

    with pytest.raises(Exception, match=r"readonly|read-only"):
        look(db.engine, write)


def test_a_look_is_in_nobodys_figures(library: None) -> None:
    figures.process.take()
    with measuring("job", "look"):
        plan(asked(ALL, "INTEGER"))
    assert [name for kind, name in figures.process.take().parts if kind == "db"] == []


def test_a_plan_is_kept_for_a_while(library: None) -> None:
    texts: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        texts.append(text)

    plan(asked(BY_SLUG))
    event.listen(db.engine, "before_cursor_execute", note)
    assert plan(asked(BY_SLUG)).indexes
    event.remove(db.engine, "before_cursor_execute", note)
    assert texts == []


def test_only_so_many_are_explained(app: Flask) -> None:
    got = get_statements(window_of(*(f"SELECT {number}" for number in range(MOST + 1))), "total").statements
    assert got[-1].sql == f"SELECT {MOST}"
    assert f"only the {MOST} statements" in got[-1].plan.why_not
    assert all(f"only the {MOST}" not in one.plan.why_not for one in got[:-1])


def test_connections_are_as_they_were(app: Flask, library: None) -> None:
    for _ in range(3):
        found(asked(BY_SLUG), "SELECT nothing meant", asked(ALL, "INTEGER"))
        app.extensions["broadsheet_plans"].clear()
    db.session.execute(text("DELETE FROM article_likes"))
    db.session.rollback()
    if not is_sqlite():
        assert db.session.execute(text("SELECT name FROM pg_prepared_statements WHERE name LIKE 'broad%'")).all() == []
        assert db.session.execute(text("SHOW statement_timeout")).scalar() == "0"
