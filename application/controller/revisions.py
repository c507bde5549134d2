"""The history of an article: who saved what when, how two saves differ, and back to any of them."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import editor
from application.controller.differences import compare
from application.controller.permissions import NOT_THEIRS, WRITERS, NotTheirsError, rule_of
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import EditConflict, Invalid, NotFound
from application.data.operations import articles
from application.data.records import Revision, Saved, Standing
from application.utils.ids import parse_id

blueprint = Blueprint("revisions", __name__)

NOT_NOW = "Somebody saved this article in the same moment, so nothing was changed. Please look again."


@blueprint.get("/articles/<slug>/revisions")
@only(WRITERS)
def history(slug: str) -> ResponseReturnValue:
    """List every save, newest first."""
    standing = editor.find_standing(slug)
    revisions = data_access.get_revisions(standing.article_id)
    return render_template("writing/revisions.html", article=standing, revisions=revisions)


@blueprint.get("/articles/<slug>/revisions/<int:number>")
@only(WRITERS)
def revision(slug: str, number: int) -> ResponseReturnValue:
    """Show one save as readers would see it."""
    standing = editor.find_standing(slug)
    found = _find(standing, number)
    try:
        html = editor.render_for(current_user.id, found.written.content)
    except Invalid as error:
        abort(422, error.problems["content"])
    return render_template("writing/revision.html", article=standing, revision=found, html=html)


@blueprint.get("/articles/<slug>/revisions/difference")
@only(WRITERS)
def difference(slug: str) -> ResponseReturnValue:
    """Show how two saves differ, the older first whichever way they were chosen."""
    older, newer = sorted(parse_id(request.args.get(name)) or abort(404) for name in ("from", "to"))
    standing = editor.find_standing(slug)
    found = data_access.find_revisions(standing.article_id, older, newer)
    before, after = found.get(older) or abort(404), found.get(newer) or abort(404)
    words = (editor.words_of(one.written, standing.slug) for one in (before, after))
    return render_template(
        "writing/difference.html", article=standing, before=before, after=after, difference=compare(*words)
    )


@blueprint.post("/articles/<slug>/revisions/<int:number>/restore")
@only(WRITERS)
def restore(slug: str, number: int) -> ResponseReturnValue:
    """Make an earlier save the draft again; it becomes a save of its own, so nothing is lost by it."""
    here = editor.askable(slug)
    try:
        saved = _restore(here, number)
    except (EditConflict, Invalid) as error:
        flash(" ".join(error.problems.values()) if isinstance(error, Invalid) else NOT_NOW)
        return redirect(url_for("revisions.history", slug=here), 303)
    except NotTheirsError:
        abort(403, NOT_THEIRS)
    seen = " Readers see it once you publish it." if saved.status == "published" else ""
    flash(f"Revision {number} is the text again.{seen}")
    return redirect(url_for("writing.edit", slug=saved.slug), 303)


def _restore(slug: str, number: int) -> Saved:
    by, ask = actor(), rule_of()
    version = parse_id(request.form.get("version"))
    try:
        return articles.restore_revision(slug, version, number, by, ask=ask)
    except (NotFound, NotTheirsError):
        # It may have moved, may be somebody else's, or not be there.
        standing = editor.find_standing(slug)
        return articles.restore_revision(standing.slug, version, number, by, ask=ask)


def _find(standing: Standing, number: int) -> Revision:
    return data_access.get_revision(standing.article_id, number) or abort(404)
