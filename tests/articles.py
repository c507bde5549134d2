"""Writing articles in tests, as writers do it."""

from typing import Any

import msgspec

from application.data.data_access import get_editing
from application.data.operations import articles
from application.data.records import Actor, Editing, Saved, Written
from application.extensions import db

TESTER = Actor(None, "a tester")


def write(title: str = "On Engines", content: str = "They *weave*.", *, publish: bool = True, **more: Any) -> Saved:
    """Write an article, by Ada unless `authors` says otherwise."""
    written = Written(title=title, **{"standfirst": "", "content": content, "authors": ("ada",), **more})
    saved = articles.create_article(written, TESTER)
    return articles.publish_article(saved.slug, saved.version, TESTER) if publish else saved


def editing(slug: str) -> Editing:
    """Look at an article as its editor does."""
    found = get_editing(slug)
    db.session.rollback()
    assert found is not None
    return found


def save(slug: str, /, *, version: int | None = None, **changes: Any) -> Saved:
    """Save the form as it was filled, with these changes."""
    now = editing(slug)
    written = msgspec.structs.replace(now.written, **changes)
    return articles.save_article(slug, now.version if version is None else version, written, TESTER)


def edit(slug: str, /, **changes: Any) -> Saved:
    """Save, and show it if readers see the article."""
    saved = save(slug, **changes)
    if saved.status != "published":
        return saved
    return articles.publish_article(saved.slug, saved.version, TESTER)
