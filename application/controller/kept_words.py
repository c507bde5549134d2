"""Words that were typed and not stored: put aside, offered when the form is opened again, forgotten once stored."""

from contextlib import suppress

from flask import request
from flask_login import current_user

from application.controller import editor, stray_words
from application.controller.differences import is_same
from application.controller.forms import FORM_KEY, ArticleForm, EditForm
from application.data import data_access
from application.data.errors import DatabaseBusy
from application.data.operations import autosaves
from application.data.records import Actor, AutosaveRecord, Editing


def empty_or_taken_up() -> ArticleForm:
    """Return the form of a new article, with the kept words that the address asks for."""
    kept = _asked_for(None)
    if kept is not None:
        return editor.taken_up(kept, None)
    return ArticleForm(formdata=None, form_key=editor.new_form_key())


def stored_or_taken_up(editing: Editing) -> ArticleForm:
    """Return the form of an article, with what is stored or with the kept words that the address asks for."""
    kept = _asked_for(editing.article_id)
    return editor.filled(editing) if kept is None else editor.taken_up(kept, editing)


def put_aside(editing: Editing, form: EditForm) -> bool:
    """Keep what was typed, if it is not what is stored, and tell whether it is not. Raises `DatabaseBusy`."""
    words = editor.words_in(form)
    if not key_of(form) or is_same(words, editor.fields_of(editing)):
        return False
    fields = {**words, "version": form.version.data or ""}
    autosaves.keep(current_user.id, form.form_key.data, editing.article_id, fields)
    return True


def forget(form: ArticleForm, by: Actor) -> None:
    """Forget what this writer kept while it was typed: it is stored now, or not wanted."""
    if by.user_id is None or not key_of(form):
        return
    # The deed itself is done: words that are offered once too often do no harm, a second try would.
    with suppress(DatabaseBusy):
        autosaves.discard(by.user_id, form.form_key.data)
        stray_words.forget(form.form_key.data)


def key_of(form: ArticleForm) -> str | None:
    """Return the name of an opened form, if it has one."""
    key = form.form_key.data or ""
    return key if FORM_KEY.fullmatch(key) else None


def _asked_for(article_id: int | None) -> AutosaveRecord | None:
    """Return the kept words that the address names, if they are this writer's and this article's."""
    key = request.args.get("kept", "")
    kept = data_access.get_autosave(current_user.id, key) if FORM_KEY.fullmatch(key) else None
    return kept if kept is not None and kept.article_id == article_id else None
