"""Writing: create and edit, and every deed that the buttons under the text name."""

import functools
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import ParamSpec

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.controller import by_lines, conflicts, deeds, editor, kept_words, refusals, stray_words
from application.controller.conflicts import Conflict
from application.controller.deeds import (
    BIN,
    COPY,
    DISCARD,
    HIDING,
    PREVIEW,
    SAVE,
    SCHEDULE,
    SHOWING,
    STORING,
    TAKE_BACK,
    THEIRS,
    UNPUBLISH,
    UNSCHEDULE,
)
from application.controller.differences import compare
from application.controller.forms import ArticleForm, EditForm, site_zone
from application.controller.permissions import (
    NOT_A_WRITER,
    WRITERS,
    NotTheirsError,
    has_any_role,
    rule_of,
)
from application.controller.presentation import long_time
from application.controller.refusals import Refusal
from application.controller.staff import actor
from application.data.errors import AlreadySent, DatabaseBusy, EditConflict, Invalid, NotFound
from application.data.models import BINNED, FORM_KEY_LENGTH
from application.data.operations import articles
from application.data.operations import bin as the_bin
from application.data.records import Editing, Saved
from application.utils.ids import parse_id
from application.utils.offload import TooBusyError

P = ParamSpec("P")
blueprint = Blueprint("writing", __name__)

NO_VERSION = "This form has lost the number of its version; open the article in a new tab and copy your words there."

TRIES = 3


def writers_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let writers in; others are asked to sign in, or told that it is not theirs to do, with their words kept."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if has_any_role(WRITERS):
            if request.method == "GET":
                stray_words.take_up()
            return view(*args, **kwargs)
        if request.method == "POST":
            why = refusals.of_readers() if current_user.is_authenticated else refusals.OF_STRANGERS
            return _refuse(why, (request.view_args or {}).get("slug"))
        if current_user.is_authenticated:
            abort(403, NOT_A_WRITER)
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]

    return guarded


@blueprint.route("/create_article", methods=["GET", "POST"])
@writers_only
def create() -> ResponseReturnValue:
    """Show the form; store what it brings."""
    if request.method == "GET":
        return editor.show(kept_words.empty_or_taken_up())
    form = ArticleForm(formdata=editor.typed())
    try:
        return _create(form, _deed())
    except AlreadySent as error:
        return _show_first(error.article_id)
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), status=422)
    except (DatabaseBusy, TooBusyError) as error:
        return _busy(form, None, error)
    except NotFound:
        # The account was deleted in this moment.
        return _refuse(refusals.OF_STRANGERS, None)


@blueprint.route("/articles/<slug>/edit", methods=["GET", "POST"])
@writers_only
def edit(slug: str) -> ResponseReturnValue:
    """Show the article in the form; do with it what the pressed button says."""
    if request.method == "GET":
        editing = editor.find(slug, binned=True)
        return editor.show(kept_words.stored_or_taken_up(editing), editing)
    form = EditForm(formdata=editor.typed())
    deed = _deed()
    if deed in STORING and (stored := _store_at_once(form, slug, deed)) is not None:
        return stored
    for _ in range(TRIES):
        # Somebody may bin it, or bring it back, between the look and the deed.
        with suppress(NotFound):
            return _edit(form, slug, deed)
    return _refuse(refusals.OF_GONE, slug)


def _store_at_once(form: EditForm, slug: str, deed: str) -> ResponseReturnValue | None:
    """Store the words of a form in which all is well without a look at the article first; None where one is needed."""
    article_id, version = parse_id(form.article_id.data), parse_id(form.version.data)
    if article_id is None or version is None or not form.author_names() or not _is_fit(form, deed):
        return None
    by = actor()
    try:
        saved = articles.save_article(
            article_id, version, form.written(), by, _then(form, deed), ask=rule_of(form.author_names())
        )
    except (DatabaseBusy, TooBusyError) as error:
        # Not tried again: the writer has waited long enough.
        editing = editor.find_sent(article_id, slug)
        refusal = refusals.find(editing, binned=False)
        return _busy(form, editing, error) if refusal is None else _refuse(refusal, slug)
    except (NotFound, NotTheirsError, Invalid, EditConflict):
        return None
    kept_words.forget(form, by)
    return _go_on(saved, deed)


def _edit(form: EditForm, slug: str, deed: str) -> ResponseReturnValue:
    """Do what the button says with the article of the form, if it is there and this writer's; raises `NotFound`."""
    editing = editor.find_sent(parse_id(form.article_id.data), slug)
    refusal = refusals.find(editing, binned=deed in {TAKE_BACK, THEIRS})
    if editing is None or refusal is not None:
        return _refuse(refusal or refusals.OF_GONE, slug)
    try:
        return _store(editing, form, deed) if deed in STORING | {PREVIEW} else _handle(editing, form, deed)
    except Invalid as error:
        return editor.show(editor.mark(form, error.problems), editing, status=422)
    except EditConflict:
        return _show_both(form, editing.article_id, conflicts.of_deed(deed))
    except (DatabaseBusy, TooBusyError) as error:
        return _busy(form, editing, error)


def _create(form: ArticleForm, deed: str) -> ResponseReturnValue:
    form_key = kept_words.key_of(form)
    if deed == COPY:
        # What could not be saved where it was typed: the address and the by-line stay there.
        form.slug.data = form.authors.data = ""
        deed, form_key = SAVE, form_key and f"copy-{form_key}"[:FORM_KEY_LENGTH]
    by = actor()
    if not _is_fit(form, deed, before=()):
        return editor.show(form, status=422)
    if deed == PREVIEW:
        return editor.show(form, with_preview=True)
    saved = articles.create_article(form.written(), by, form_key, _then(form, deed))
    kept_words.forget(form, by)
    return _go_on(saved, deed)


def _store(editing: Editing, form: EditForm, deed: str) -> ResponseReturnValue:
    """Do what is about the words: whatever goes wrong, they are all in the form again."""
    version, by = parse_id(form.version.data), actor()
    if version is None:
        form.form_errors.append(NO_VERSION)
    if not _is_fit(form, deed, before=editing.written.authors) or version is None:
        return editor.show(form, editing, status=422)
    if deed == PREVIEW:
        return editor.show(form, editing, with_preview=True)
    saved = articles.save_article(editing.article_id, version, form.written(), by, _then(form, deed))
    kept_words.forget(form, by)
    return _go_on(saved, deed)


def _deed() -> str:
    """Return what the pressed button says; a form sent by the Enter key is saved."""
    deed = request.form.get("do", SAVE)
    return deed if deed in deeds.ALL else abort(400, "This form has no such button.")


def _is_fit(form: ArticleForm, deed: str, before: tuple[str, ...] | None = None) -> bool:
    """Check the fields, and those that matter to this deed alone; errors are left beside them.

    The by-line is checked against the one before, if that is known.
    """
    fits = bool(form.validate())
    if deed == SCHEDULE:
        fits = form.read_time(site_zone(), datetime.now(UTC)) is not None and fits
    if before is not None and deed != PREVIEW and not form.errors.get("authors"):
        fits = by_lines.settle(form, before) and fits
    return fits


def _then(form: ArticleForm, deed: str) -> articles.Publish | None:
    """Return what is to become of the words, besides that they are saved."""
    if deed not in SHOWING:
        return None
    return articles.Publish(form.read_time(site_zone(), datetime.now(UTC)) if deed == SCHEDULE else None)


def _go_on(saved: Saved, deed: str) -> ResponseReturnValue:
    """Say what was done, and lead to where it can be seen."""
    at = saved.scheduled_for if deed == SCHEDULE else None
    if deed in SHOWING and at is None:
        return redirect(url_for("articles.article", slug=saved.slug), 303)
    if at is None:
        flash(_words_for_saved(saved))
    else:
        flash(f"{'The changes' if saved.status == 'published' else 'It'} will be published on {_words_for_time(at)}.")
    return redirect(url_for("writing.edit", slug=saved.slug), 303)


def _words_for_saved(saved: Saved) -> str:
    if saved.status != "published":
        return "Saved."
    until = "" if saved.scheduled_for is None else f", until {_words_for_time(saved.scheduled_for)}"
    return f"Saved. Readers still see the version before{until}."


def _words_for_time(at: datetime) -> str:
    return f"{long_time(at, site_zone())} ({site_zone().key})"


def _handle(editing: Editing, form: EditForm, deed: str) -> ResponseReturnValue:
    """Do what is not about the words; what was typed and not saved is kept, and offered again."""
    slug, by, version = editing.slug, actor(), parse_id(form.version.data)
    if version is None and deed in HIDING | {DISCARD}:
        form.form_errors.append(NO_VERSION)
        return editor.show(form, editing, status=422)
    is_kept = deed in HIDING | {DISCARD, TAKE_BACK} and kept_words.put_aside(editing, form)
    if deed == UNPUBLISH:
        articles.unpublish_article(slug, by, version)
        flash("Readers do not see it any more. Your text is all here.")
    elif deed == UNSCHEDULE:
        articles.unschedule_article(slug, by, version)
        flash("Nothing is published by itself any more. Your text is all here.")
    elif deed == DISCARD:
        articles.discard_working_copy(slug, version or 0, by)
        if not is_kept:
            kept_words.forget(form, by)
        flash("The newer draft is gone from here; it stays among the revisions.")
    elif deed == BIN:
        the_bin.bin_article(slug, by, version)
        flash(f"“{editing.written.title}” is in the bin, for 30 days.")
        return redirect(url_for("desk.desk"), 303)
    elif deed == THEIRS:
        kept_words.forget(form, by)
    elif deed == TAKE_BACK:
        if editing.status == BINNED:
            the_bin.take_from_bin(slug, by)
        flash("It is out of the bin, as it was before.")
    return redirect(url_for("writing.edit", slug=slug), 303)


def _refuse(refusal: Refusal, slug: str | None) -> ResponseReturnValue:
    """Show what was typed and cannot be stored, so that none of it is lost, and say why."""
    form = (EditForm if slug else ArticleForm)(formdata=editor.typed())
    is_held = refusal is refusals.OF_STRANGERS and stray_words.hold(form, slug)
    return editor.show(form, slug=slug, refusal=refusal, is_held=is_held, status=refusal.status)


def _show_first(article_id: int) -> ResponseReturnValue:
    """Show what a form became when it was sent first beside what it says now."""
    form = EditForm(formdata=editor.typed())
    form.article_id.data = str(article_id)
    try:
        return _show_both(form, article_id, conflicts.OF_FORMS)
    except NotFound:
        return _refuse(refusals.find(editor.find_sent(article_id, ""), binned=False) or refusals.OF_GONE, None)


def _show_both(form: EditForm, article_id: int, conflict: Conflict) -> ResponseReturnValue:
    """Show what was typed and what is stored now; the same once more is done knowingly. Raises `NotFound`."""
    theirs = editor.find_sent(article_id, "")
    if theirs is None or refusals.find(theirs, binned=False):
        raise NotFound
    form.version.data = str(theirs.version)
    # A form of a new article leaves to the site what it is called and whose it is.
    form.slug.data = form.slug.data or theirs.slug
    form.authors.data = form.authors.data or ", ".join(theirs.written.authors)
    difference = compare(editor.fields_of(theirs), editor.words_in(form))
    return editor.show(form, theirs, difference=difference, conflict=conflict, status=409)


def _busy(form: ArticleForm, editing: Editing | None, error: DatabaseBusy | TooBusyError) -> ResponseReturnValue:
    form.form_errors.append(editor.BUSY)
    page, _ = editor.show(form, editing)
    return page, 503, {"Retry-After": str(error.retry_after)}
