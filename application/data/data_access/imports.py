"""What came from which file."""

import msgspec
from sqlalchemy import select

from application.data.models import Article
from application.extensions import db
from application.measuring.timing import timed


class Imported(msgspec.Struct, frozen=True):
    """An imported article as the importer knows it."""

    source_hash: str
    edited_here: bool


@timed("get_imported")
def get_imported(source_name: str) -> dict[str, Imported]:
    """Return a source's articles by path; never cached."""
    columns = select(Article.source_path, Article.source_hash, Article.edited_here)
    rows = db.session.execute(columns.where(Article.source_name == source_name))
    return {row.source_path: Imported(row.source_hash or "", row.edited_here) for row in rows if row.source_path}
