"""What came from which file, and what an import left behind."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import select

from application.data.models import Article, InvalidationOutbox, OldAddress
from application.extensions import db
from application.measuring.timing import timed

AT_ONCE = 500
"""Addresses that one statement asks for."""

_ARTICLES = "/articles/"


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


class Holder(msgspec.Struct, frozen=True):
    """The article to which an address leads."""

    slug: str
    source_name: str | None
    source_path: str | None


@timed("find_holders")
def find_holders(addresses: Iterable[str]) -> dict[str, Holder]:
    """Return the articles to which these folded addresses lead now, their own ones included; never cached."""
    wanted = sorted(addresses)
    columns = select(Article.slug, Article.source_name, Article.source_path)
    left = columns.add_columns(OldAddress.address).join(OldAddress, OldAddress.article_id == Article.article_id)
    slugs = [address.removeprefix(_ARTICLES) for address in wanted if address.startswith(_ARTICLES)]
    holders: dict[str, Holder] = {}
    for some in _portions(wanted):
        for row in db.session.execute(left.where(OldAddress.address.in_(some))):
            holders[row.address] = Holder(row.slug, row.source_name, row.source_path)
    for some in _portions(slugs):
        for row in db.session.execute(columns.where(Article.slug.in_(some))):
            holders[_ARTICLES + row.slug] = Holder(row.slug, row.source_name, row.source_path)
    return holders


def _portions(texts: list[str]) -> Iterable[list[str]]:
    return (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))


@timed("has_untold_changes")
def has_untold_changes() -> bool:
    """Tell whether the caches wait for a change to be told."""
    # Not in the session, whose transaction may have begun before the last sweep.
    with db.engine.connect() as connection:
        return connection.scalar(select(InvalidationOutbox.outbox_id).limit(1)) is not None
