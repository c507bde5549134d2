"""The desk: what is being written, what will come out, what came out lately, and the bin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller.forms import site_zone, split_names
from application.controller.permissions import EDITORS, WRITERS, has_any_role
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import Invalid
from application.data.operations import bulk
from application.data.records import DeskFilter, DeskLine, Outcome
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
MOST_NAMED = 5
"""Articles that a message names, so that it fits into a cookie."""


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
    asked = _filter()
    is_asked = any(name in request.args for name in QUESTION)
    return render_template(
        "desk/desk.html",
        page=data_access.get_desk(asked) if is_asked else None,
        overview=None if is_asked else _overview(),
        asked=asked,
        states=STATES,
        turn=lambda before: url_for("desk.desk", **{**_question(request.args), "before": before or None}),
        may_all=has_any_role(EDITORS),
        zone=site_zone().key,
    )


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
    """Publish, take back or tag every article that was ticked."""
    ids = [number for number in map(parse_id, request.form.getlist("article")[: bulk.MOST]) if number is not None]
    back = redirect(url_for("desk.desk", **_question(request.form)), 303)
    if not ids:
        flash("Nothing was ticked, so nothing was done.")
        return back
    words, deed = _deed(ids)
    try:
        outcomes = deed()
    except Invalid as error:
        flash(" ".join(error.problems.values()))
        return back
    for message in _report(words, outcomes):
        flash(message)
    return back


def _deed(ids: Sequence[int]) -> tuple[str, Callable[[], Sequence[Outcome]]]:
    """Return what the pressed button says: in the past tense, and as something to do."""
    by = actor()
    tags = split_names(request.form.get("tags", ""))
    deeds: dict[str, tuple[str, Callable[[], Sequence[Outcome]]]] = {
        "publish": ("Published", lambda: bulk.publish_many(ids, by)),
        "unpublish": ("Unpublished", lambda: bulk.unpublish_many(ids, by)),
        "tag": ("Tagged", lambda: bulk.tag_many(ids, tags, by)),
    }
    chosen = request.form.get("do", "")
    if chosen not in deeds:
        abort(400, "This form has no such button.")
    if chosen == "tag" and not tags:
        return deeds["tag"][0], lambda: [Outcome(ids[0], problem="Type the tags to add first.")]
    return deeds[chosen]


def _report(words: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Say what was done, and for the first of what was not, why."""
    failed = [outcome for outcome in outcomes if outcome.problem]
    done = len(outcomes) - len(failed)
    messages = [f"{words}: {done} {'article' if done == 1 else 'articles'}."] if done else []
    messages += [
        f"“{outcome.slug}”: {outcome.problem}" if outcome.slug else str(outcome.problem)
        for outcome in failed[:MOST_NAMED]
    ]
    if len(failed) > MOST_NAMED:
        messages.append(f"And {len(failed) - MOST_NAMED} more could not be done.")
    return messages


def _overview() -> list[Part]:
    """Return this writer's drafts, everything scheduled, and what came out lately."""
    lines = data_access.get_day(current_user.id, everybody=has_any_role(EDITORS), most=AT_A_GLANCE)
    return [
        _part("My drafts", "draft", lines, "No drafts: everything you began is out.", whose="mine"),
        _part("Scheduled", "scheduled", lines, "Nothing is waiting for its time."),
        _part("Lately published", "published", lines, "Nothing is published yet."),
    ]


def _part(heading: str, state: str, lines: Sequence[DeskLine], empty: str, **question: Any) -> Part:
    own = [line for line in lines if line.status == state]
    address = url_for("desk.desk", state=state, **question)
    return Part(heading, own[:AT_A_GLANCE], len(own) > AT_A_GLANCE, address, empty)


def _question(source: Mapping[str, str]) -> dict[str, Any]:
    """Return what is asked for, as it stands in an address."""
    return {name: source[name] for name in QUESTION if source.get(name)}


def _whose() -> int | None:
    """Return whose articles are meant: authors see their own, editors everybody's unless they ask for theirs."""
    everybody = has_any_role(EDITORS) and request.args.get("whose") != "mine"
    return None if everybody else int(current_user.id)


def _filter() -> DeskFilter:
    """Return what the address asks for."""
    asked = request.args
    state = asked.get("state", "")
    return DeskFilter(
        state=state if state in STATES else None,
        author_user_name=asked.get("author", "").strip()[:LONGEST_QUESTION] or None,
        text=asked.get("q", "").strip()[:LONGEST_QUESTION],
        mine_user_id=_whose(),
        before=asked.get("before") or None,
    )
