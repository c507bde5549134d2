"""The history of an article: who saved what when, how two saves differ, and back to any of them."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from application.controller import editor
from application.controller.permissions import WRITERS
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import EditConflict
from application.data.operations import articles
from application.data.records import Editing, Revision
from application.utils import markdown
from application.utils.ids import parse_id
from application.utils.offload import run_in_thread

blueprint = Blueprint("revisions", __name__)

NOT_NOW = "Somebody saved this article in the same moment, so nothing was changed. Please look again."


@blueprint.get("/articles/<slug>/revisions")
@only(WRITERS)
def history(slug: str) -> ResponseReturnValue:
    """List every save, newest first."""
    editing = editor.find(slug)
    revisions = data_access.get_revisions(editing.article_id)
    return render_template("writing/revisions.html", editing=editing, revisions=revisions)


@blueprint.get("/articles/<slug>/revisions/<int:number>")
@only(WRITERS)
def revision(slug: str, number: int) -> ResponseReturnValue:
    """Show one save as readers would see it."""
    editing = editor.find(slug)
    found = _find(editing, number)
    html = run_in_thread(markdown.render, found.written.content)
    return render_template("writing/revision.html", editing=editing, revision=found, html=html)


@blueprint.get("/articles/<slug>/revisions/difference")
@only(WRITERS)
def difference(slug: str) -> ResponseReturnValue:
    """Show how two saves differ, the older first whichever way they were chosen."""
    numbers = sorted(parse_id(request.args.get(name)) or abort(404) for name in ("from", "to"))
    editing = editor.find(slug)
    before, after = (_find(editing, number) for number in numbers)
    words = (editor.words_of(one.written, editing.slug) for one in (before, after))
    return render_template(
        "writing/difference.html", editing=editing, before=before, after=after, difference=editor.compare(*words)
    )


@blueprint.post("/articles/<slug>/revisions/<int:number>/restore")
@only(WRITERS)
def restore(slug: str, number: int) -> ResponseReturnValue:
    """Make an earlier save the draft again; it becomes a save of its own, so nothing is lost by it."""
    editing = editor.find(slug)
    version = parse_id(request.form.get("version")) or editing.version
    try:
        saved = articles.restore_revision(editing.slug, version, number, actor())
    except EditConflict:
        flash(NOT_NOW)
        return redirect(url_for("revisions.history", slug=editing.slug), 303)
    flash(
        f"Revision {number} is the text again."
        + (" Readers see it once you publish it." if _is_public(editing) else "")
    )
    return redirect(url_for("writing.edit", slug=saved.slug), 303)


def _find(editing: Editing, number: int) -> Revision:
    return data_access.get_revision(editing.article_id, number) or abort(404)


def _is_public(editing: Editing) -> bool:
    return editing.status == "published"
