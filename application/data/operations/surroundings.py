"""What a writer of an article has to know besides its row: all of it in one statement, once the row is locked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from application.data.models import (
    Article,
    ArticleAuthor,
    ArticleTag,
    OldAddress,
    Profile,
    Revision,
    SentForm,
    Tag,
    User,
    WorkingCopy,
)
from application.utils.text import fold

NOBODY = 0
"""An id that no row has: NULL would find the authors without an account."""

COPY, BY_LINE, TAGGING, NAMED, LABEL, TAKER, LEFT = range(7)


class Wanted(NamedTuple):
    """What somebody wrote, as far as it must be looked up, and in which form: names, slugs of tags and articles."""

    authors: Iterable[str] = ()
    tags: Iterable[str] = ()
    slugs: Iterable[str] = ()
    form_key: str | None = None


class ByLine(NamedTuple):
    """A by-line, with the author's user name and account."""

    link: ArticleAuthor
    user_name: str
    user_id: int | None


class Tagging(NamedTuple):
    """A tag of the article, with its slug and its name."""

    link: ArticleTag
    slug: str
    name: str


@dataclass(slots=True)
class Around:
    """What was found: around the article, and of what is wanted.

    `account` is None for one that was deleted; `sent` is the article that the form became when it was sent before.
    """

    revisions: int = 0
    account: int | None = None
    own_name: str | None = None
    sent: int | None = None
    copy: WorkingCopy | None = None
    by_lines: list[ByLine] = field(default_factory=list)
    taggings: list[Tagging] = field(default_factory=list)
    profile_ids: dict[str, int] = field(default_factory=dict)
    tag_ids: dict[str, int] = field(default_factory=dict)
    # Which article is at a slug, and what an address leads to.
    takers: dict[str, int] = field(default_factory=dict)
    left: dict[str, OldAddress] = field(default_factory=dict)


def look_around(session: Session, article_id: int | None, user_id: int | None, wanted: Wanted) -> Around:
    """Read what is around an article, or of what a new one names; one statement."""
    slugs = list(wanted.slugs)
    given = {
        "article_id": article_id or NOBODY,
        "user_id": user_id or NOBODY,
        "authors": list(wanted.authors),
        "tags": list(wanted.tags),
        "slugs": slugs,
        "form_key": wanted.form_key,
        "addresses": [address_of(slug) for slug in slugs],
    }
    rows = session.execute(_LOOKING, given, execution_options={"populate_existing": True}).all()
    around = Around(rows[0].revisions, rows[0].account, rows[0].own_name, rows[0].sent)
    for row in rows:
        _put(around, row)
    around.by_lines.sort(key=lambda by_line: by_line.link.position)
    around.taggings.sort(key=lambda tagging: tagging.slug)
    return around


def address_of(slug: str) -> str:
    """Return the folded path of an article."""
    return fold(f"/articles/{slug}")


def _put(around: Around, row: Any) -> None:
    if row.WorkingCopy is not None:
        around.copy = row.WorkingCopy
    if row.ArticleAuthor is not None:
        around.by_lines.append(ByLine(row.ArticleAuthor, row.by_name, row.by_account))
        around.profile_ids[row.by_name] = row.ArticleAuthor.profile_id
    if row.ArticleTag is not None:
        around.taggings.append(Tagging(row.ArticleTag, row.tag_slug, row.tag_name))
        around.tag_ids[row.tag_slug] = row.ArticleTag.tag_id
    if row.named is not None:
        around.profile_ids[row.named] = row.named_id
    if row.label is not None:
        around.tag_ids[row.label] = row.label_id
    if row.taken is not None:
        around.takers[row.taken] = row.taker
    if row.OldAddress is not None:
        around.left[row.OldAddress.address] = row.OldAddress


def _looking() -> Select[*tuple[Any, ...]]:
    """Select one row for each thing found: every table joins to the row of its own kind, and to no other."""
    kinds = union_all(*(select(literal_column(str(kind)).label("kind")) for kind in range(LEFT + 1))).subquery("kinds")
    article_id, user_id = bindparam("article_id", type_=Integer), bindparam("user_id", type_=Integer)
    authors, tags, slugs, addresses = (
        bindparam(name, expanding=True, type_=String) for name in ("authors", "tags", "slugs", "addresses")
    )
    by, named = aliased(Profile), aliased(Profile)
    tag, label = aliased(Tag), aliased(Tag)
    taker = aliased(Article)

    def of(kind: int, *found: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(kinds.c.kind == literal_column(str(kind)), *found)

    return (
        select(
            WorkingCopy,
            ArticleAuthor,
            by.user_name.label("by_name"),
            by.user_id.label("by_account"),
            ArticleTag,
            tag.slug.label("tag_slug"),
            tag.name.label("tag_name"),
            named.user_name.label("named"),
            named.profile_id.label("named_id"),
            label.slug.label("label"),
            label.tag_id.label("label_id"),
            taker.slug.label("taken"),
            taker.article_id.label("taker"),
            OldAddress,
            select(func.coalesce(func.max(Revision.number), 0))
            .where(Revision.article_id == article_id)
            .scalar_subquery()
            .label("revisions"),
            select(User.id).where(User.id == user_id).scalar_subquery().label("account"),
            select(Profile.user_name).where(Profile.user_id == user_id).scalar_subquery().label("own_name"),
            select(SentForm.article_id)
            .where(SentForm.user_id == user_id, SentForm.form_key == bindparam("form_key", type_=String))
            .scalar_subquery()
            .label("sent"),
        )
        .select_from(kinds)
        .outerjoin(WorkingCopy, of(COPY, WorkingCopy.article_id == article_id))
        .outerjoin(ArticleAuthor, of(BY_LINE, ArticleAuthor.article_id == article_id))
        .outerjoin(by, by.profile_id == ArticleAuthor.profile_id)
        .outerjoin(ArticleTag, of(TAGGING, ArticleTag.article_id == article_id))
        .outerjoin(tag, tag.tag_id == ArticleTag.tag_id)
        .outerjoin(named, of(NAMED, named.user_name.in_(authors)))
        .outerjoin(label, of(LABEL, label.slug.in_(tags)))
        .outerjoin(taker, of(TAKER, taker.slug.in_(slugs)))
        .outerjoin(OldAddress, of(LEFT, OldAddress.address.in_(addresses)))
    )


# Made once: it says the same every time.
_LOOKING = _looking()
