"""Words that are sent when a session is over: kept under a key that the browser holds, offered after signing in."""

from contextlib import suppress

from flask import Response, after_this_request, flash, request, url_for
from flask_login import current_user
from limits import parse

from application.controller import editor
from application.controller.attempts import client_address, digest
from application.controller.cookies import forget_holder, new_visitor, read_holder, remember_holder
from application.controller.forms import FORM_KEY, ArticleForm
from application.controller.presentation import plain_line
from application.data import data_access
from application.data.errors import DatabaseBusy, Invalid, NotFound
from application.data.operations import autosaves, stray_words
from application.data.records import AutosaveRecord
from application.extensions import limiter
from application.utils.ids import parse_id

LIMIT = parse("20/hour")
"""Forms that are kept from one address; what is beyond is in the page alone."""


def hold(form: ArticleForm, slug: str | None) -> bool:
    """Keep what a stranger has sent, and tell whether that worked; the page shows it either way."""
    words = editor.words_in(form)
    if not any(words[name].strip() for name in ("title", "standfirst", "content")) or _is_too_often():
        return False
    if not FORM_KEY.fullmatch(form.form_key.data or ""):
        form.form_key.data = editor.new_form_key()
    holder = read_holder() or new_visitor()
    about = {name: request.form.get(name, "") for name in ("version", "article_id")}
    about["article"] = slug or ""
    try:
        held = stray_words.keep(holder, digest(client_address()), form.form_key.data, {**words, **about})
    except (DatabaseBusy, Invalid):
        return False

    @after_this_request
    def remember(response: Response) -> Response:
        remember_holder(response, holder)
        return response

    return held


def take_up() -> None:
    """Give a writer what this browser sent while nobody was signed in; it is theirs then, and offered as such."""
    holder = read_holder()
    if holder is None:
        return
    try:
        for stray in data_access.get_strays(holder):
            _adopt(stray)
            stray_words.discard(holder, stray.form_key)
    except (DatabaseBusy, NotFound):
        # The next page tries again.
        return

    @after_this_request
    def forget(response: Response) -> Response:
        forget_holder(response)
        return response


def forget(form_key: str) -> None:
    """Forget what was sent from this form before: it is stored now, or not wanted."""
    holder = read_holder()
    if holder is not None:
        stray_words.discard(holder, form_key)


def _adopt(stray: AutosaveRecord) -> None:
    fields = dict(stray.fields)
    slug, asked_id = fields.pop("article", ""), parse_id(fields.pop("article_id", ""))
    article_id = editor.find_own(asked_id, slug) if slug or asked_id else None
    # What is too long for an article is no less theirs; it was checked when it came.
    with suppress(Invalid):
        autosaves.keep(current_user.id, stray.form_key, article_id, fields)
    here = url_for("writing.create") if article_id is None else url_for("writing.edit", slug=slug)
    if request.path != here:
        title = plain_line(fields.get("title", ""), 80) or "without a title"
        where = "under “Write”" if article_id is None else "in the form of its article"
        flash(f"What you sent while you were signed out (“{title}”) was kept; it is offered {where}.")


def _is_too_often() -> bool:
    # Where the counts cannot be reached, the database's own bounds are left.
    with suppress(Exception):
        return not limiter.limiter.hit(LIMIT, "stray words", client_address())
    return False
