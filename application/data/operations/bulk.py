"""The same deed on many articles: each by itself, with its own outcome."""

from collections.abc import Callable, Sequence

import msgspec

from application.data.errors import DatabaseBusy, EditConflict, Invalid, NotFound
from application.data.models import PUBLISHED
from application.data.operations.article_fields import MOST_TAGS, Checker
from application.data.operations.article_parts import set_tags
from application.data.operations.articles import publish, take_back
from application.data.operations.editing import at_desk
from application.data.operations.revising import is_same, written_in
from application.data.operations.surroundings import Wanted
from application.data.operations.transaction import decided_by_constraints
from application.data.records import Actor, Outcome, Saved
from application.data.types import utc_now
from application.utils.ids import MAX_ID
from application.utils.text import slugify

MOST = 100


def publish_many(article_ids: Sequence[int], by: Actor) -> tuple[Outcome, ...]:
    """Publish articles with their newer drafts. Raises `Invalid` for too many."""
    return _each(article_ids, lambda article_id: publish(article_id, None, by))


def unpublish_many(article_ids: Sequence[int], by: Actor) -> tuple[Outcome, ...]:
    """Take articles back from readers. Raises `Invalid` for too many."""
    return _each(article_ids, lambda article_id: take_back(article_id, by))


def tag_many(article_ids: Sequence[int], tags: Sequence[str], by: Actor) -> tuple[Outcome, ...]:
    """Add tags to articles, to what readers see and to newer drafts alike. Raises `Invalid`."""
    check = Checker()
    labels = check.tags(tags)
    if not labels:
        check.problems.setdefault("tags", "Name a tag.")
    check.raise_if_any()
    return _each(article_ids, lambda article_id: _tag(article_id, labels, by))


def _each(article_ids: Sequence[int], deed: Callable[[int], Saved]) -> tuple[Outcome, ...]:
    wanted = list(dict.fromkeys(article_ids))
    if len(wanted) > MOST:
        raise Invalid({"articles": f"Choose {MOST} articles at most."})
    once_more = decided_by_constraints(deed)
    return tuple(_outcome(article_id, once_more) for article_id in wanted)


def _outcome(article_id: int, deed: Callable[[int], Saved]) -> Outcome:
    if not 0 < article_id <= MAX_ID:
        return Outcome(article_id, problem="There is no such article.")
    try:
        saved = deed(article_id)
    except NotFound:
        return Outcome(article_id, problem="There is no such article.")
    except EditConflict:
        return Outcome(article_id, problem="Somebody saved it in the same moment.")
    except DatabaseBusy:
        return Outcome(article_id, problem="The database was busy; nothing was changed.")
    except Invalid as error:
        return Outcome(article_id, problem=" ".join(error.problems.values()))
    return Outcome(article_id, saved.slug)


def _tag(article_id: int, labels: dict[str, str], by: Actor) -> Saved:
    with at_desk(article_id, None, by, wanted=Wanted(tags=labels)) as desk:
        here = written_in(desk.article, desk.around)
        newest = desk.written()
        tagged = msgspec.structs.replace(newest, tags=_joined(newest.tags, labels))
        shown = msgspec.structs.replace(here, tags=_joined(here.tags, labels))
        if is_same(here, shown) and is_same(newest, tagged):
            return desk.saved()
        set_tags(desk.session, desk.article, {slugify(name): name for name in shown.tags}, desk.around)
        if desk.copy is not None:
            desk.copy.tags = list(tagged.tags)
        if desk.article.status == PUBLISHED and not is_same(here, shown):
            desk.article.updated_at = utc_now()
        return desk.done("tagged", written=tagged, before=newest)


def _joined(names: Sequence[str], labels: dict[str, str]) -> tuple[str, ...]:
    joined = {slugify(name): name for name in names}
    for slug, name in labels.items():
        joined.setdefault(slug, name)
    if len(joined) > MOST_TAGS:
        raise Invalid({"tags": f"An article can have {MOST_TAGS} tags at most."})
    return tuple(joined.values())
