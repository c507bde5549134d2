"""The desk: what is being written, what will come out, what came out lately, and the bin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import stray_words
from application.controller.forms import site_zone, split_names
from application.controller.permissions import ADMINISTRATORS, EDITORS, WRITERS, has_any_role
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import Invalid
from application.data.operations import bulk
from application.data.records import DeskFilter, DeskLine, Named, Outcome
from application.utils.ids import parse_id

blueprint = Blueprint("desk", __name__)

STATES = {
    "draft": "Drafts",
    "scheduled": "Scheduled",
    "published": "Published",
    "unpublished": "Unpublished",
    "binned": "Bin",
}
QUESTION = ("state", "author", "q", "whose", "before")
LONGEST_QUESTION = 200
AT_A_GLANCE = 10
"""Articles of each kind that the first page shows."""
MISSING = "There is no such article any more."
IN_THE_BIN = "It is in the bin."
NO_TAGS = "Type the tags to add first."
NOTHING_TICKED = "Nothing was ticked, so nothing was done."


class Undone(NamedTuple):
    """An article with which a deed could not be done, and why; one that is gone has no name."""

    article: Named | None
    article_id: int
    why: str


class Part(NamedTuple):
    """One list of the day at a glance."""

    heading: str
    lines: Sequence[DeskLine]
    has_more: bool
    address: str
    empty: str


@blueprint.get("/desk")
@only(WRITERS)
def desk() -> ResponseReturnValue:
    """Show the day at a glance, or a page of what the address asks for: by state, author and words."""
    stray_words.take_up()
    return _show(request.args, is_asked=any(name in request.args for name in QUESTION))


@blueprint.get("/desk/my_page")
@only(WRITERS)
def my_page() -> ResponseReturnValue:
    """Lead to the form of this writer's own page, which begins with their first article."""
    user_name = data_access.get_user_name(current_user.id)
    if user_name is not None:
        return redirect(url_for("authors.edit", user_name=user_name), 303)
    flash("Your page begins with your first article: save one, then tell readers about yourself.")
    return redirect(url_for("desk.desk"), 303)


@blueprint.post("/desk")
@only(EDITORS)
def do_many() -> ResponseReturnValue:
    """Publish, take back or tag every article that was ticked; what cannot be done is named, and stays ticked."""
    ids = [number for number in map(parse_id, request.form.getlist("article")) if number is not None]
    tags = split_names(request.form.get("tags", ""))
    words, deed = _deed(ids, tags)
    if not ids:
        return _show(request.form, problem=NOTHING_TICKED), 422
    if request.form["do"] == "tag" and not tags:
        return _show(request.form, problem=NO_TAGS, ticked=ids), 422
    try:
        outcomes = deed()
    except Invalid as error:
        return _show(request.form, problem=" ".join(error.problems.values()), ticked=ids), 422
    undone = _undone(outcomes)
    done = len(outcomes) - len(undone)
    if done:
        flash(f"{words}: {done} {'article' if done == 1 else 'articles'}.")
    if not undone:
        return redirect(url_for("desk.desk", **_question(request.form)), 303)
    return _show(request.form, undone=undone, ticked=[line.article_id for line in undone]), 200 if done else 422


def _show(source: Mapping[str, str], *, is_asked: bool = True, **more: Any) -> str:
    """Render what is asked for, with what there is to say about a deed."""
    asked = _filter(source)
    return render_template(
        "desk/desk.html",
        page=data_access.get_desk(asked) if is_asked else None,
        overview=None if is_asked else _overview(),
        asked=asked,
        states=STATES,
        turn=lambda before: url_for("desk.desk", **{**_question(source), "before": before or None}),
        may_all=has_any_role(EDITORS),
        may_operate=has_any_role(ADMINISTRATORS),
        zone=site_zone().key,
        tags=request.form.get("tags", ""),
        **more,
    )


def _deed(ids: Sequence[int], tags: Sequence[str]) -> tuple[str, Callable[[], Sequence[Outcome]]]:
    """Return what the pressed button says: in the past tense, and as something to do."""
    by = actor()
    deeds: dict[str, tuple[str, Callable[[], Sequence[Outcome]]]] = {
        "publish": ("Published", lambda: bulk.publish_many(ids, by)),
        "unpublish": ("Unpublished", lambda: bulk.unpublish_many(ids, by)),
        "tag": ("Tagged", lambda: bulk.tag_many(ids, tags, by)),
    }
    chosen = request.form.get("do", "")
    if chosen not in deeds:
        abort(400, "This form has no such button.")
    return deeds[chosen]


def _undone(outcomes: Sequence[Outcome]) -> list[Undone]:
    """Name every article with which nothing was done, and say why."""
    failed = {outcome.article_id: outcome.problem for outcome in outcomes if outcome.problem}
    names = data_access.get_names(failed) if failed else {}
    return [Undone(names.get(number), number, _why(names.get(number), problem)) for number, problem in failed.items()]


def _why(article: Named | None, problem: str) -> str:
    if article is None:
        return MISSING
    return IN_THE_BIN if article.status == "binned" else problem


def _overview() -> list[Part]:
    """Return this writer's drafts, everything scheduled, and what came out lately."""
    day = data_access.get_day(current_user.id, everybody=has_any_role(EDITORS), most=AT_A_GLANCE)
    return [
        _part("My drafts", "draft", day.drafts, "No drafts: everything you began is out.", whose="mine"),
        _part("Scheduled", "scheduled", day.scheduled, "Nothing is waiting for its time."),
        _part("Lately published", "published", day.published, "Nothing is published yet."),
    ]


def _part(heading: str, state: str, lines: Sequence[DeskLine], empty: str, **question: Any) -> Part:
    address = url_for("desk.desk", state=state, **question)
    return Part(heading, lines[:AT_A_GLANCE], len(lines) > AT_A_GLANCE, address, empty)


def _question(source: Mapping[str, str]) -> dict[str, Any]:
    """Return what is asked for, as it stands in an address."""
    return {name: source[name] for name in QUESTION if source.get(name)}


def _whose(asked: Mapping[str, str]) -> int | None:
    """Return whose articles are meant: authors see their own, editors everybody's unless they ask for theirs."""
    everybody = has_any_role(EDITORS) and asked.get("whose") != "mine"
    return None if everybody else int(current_user.id)


def _filter(asked: Mapping[str, str]) -> DeskFilter:
    """Return what the address asks for, or the form that came from there."""
    state = asked.get("state", "")
    return DeskFilter(
        state=state if state in STATES else None,
        author_user_name=asked.get("author", "").strip()[:LONGEST_QUESTION] or None,
        text=asked.get("q", "").strip()[:LONGEST_QUESTION],
        mine_user_id=_whose(asked),
        before=asked.get("before") or None,
    )
