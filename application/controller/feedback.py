"""Feedback: a form on a page that everybody shares, and the list that staff works off."""

from collections.abc import Mapping

from email_validator import EmailNotValidError, validate_email
from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RequestLimit
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import DataRequired, ValidationError

from application.config import STATIC_PAGE_TTL
from application.controller.forms import at_most, is_line, is_text
from application.controller.permissions import ADMINISTRATORS, EDITORS, has_any_role
from application.controller.staff import actor, only
from application.data import data_access
from application.data.errors import DatabaseBusy
from application.data.models import EMAIL_LENGTH, SENDER_LENGTH
from application.data.operations import feedback as operations
from application.extensions import cache, limiter

blueprint = Blueprint("feedback", __name__)

LONGEST_MESSAGE = 5000
FLOOD_LIMIT = "10/minute;60/hour"
"""For one address: an office may write at once, nobody sends sixty letters an hour."""

TOO_MUCH = "Many messages came from your network in a short while. Yours is still here: wait a minute, then send it."
TOO_BUSY = "The site is too busy to store this at the moment. Your message is still here: send it again."


def unix_lines(text: str | None) -> str:
    """Count the end of a line as one character; browsers send two."""
    return (text or "").replace("\r\n", "\n")


class FeedbackForm(FlaskForm):  # type: ignore[misc]
    """What a reader has to say."""

    name = StringField(
        "Your name",
        validators=[
            DataRequired("Tell us your name."),
            at_most(SENDER_LENGTH),
            is_line,
        ],
        render_kw={"autocomplete": "name"},
    )
    email = EmailField(
        "E-mail address",
        validators=[DataRequired("Tell us your e-mail address, or we cannot answer.")],
        render_kw={"autocomplete": "email"},
    )
    message = TextAreaField(
        "Message",
        filters=[unix_lines],
        validators=[
            DataRequired("Write something first."),
            at_most(LONGEST_MESSAGE),
            is_text,
        ],
    )
    # No person sees this field; programs that fill in whatever they find do.
    website = StringField("Leave this empty", render_kw={"autocomplete": "off", "tabindex": "-1"})

    def validate_email(self, field: EmailField) -> None:
        """Check the address, without asking the network, and keep its normal form."""
        typed = (field.data or "").strip()
        if len(typed) > EMAIL_LENGTH:
            raise ValidationError(f"This can have {EMAIL_LENGTH} characters at most.")
        try:
            field.data = validate_email(typed, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise ValidationError(f"This is not an e-mail address: {error}") from error


def refuse_flood(_limit: RequestLimit) -> Response:
    """Answer 429 with what was typed, so that none of it is lost."""
    return _show(FeedbackForm(formdata=_typed()), 429, TOO_MUCH)


@blueprint.get("/feedback")
@cache.cached(timeout=STATIC_PAGE_TTL)
def form() -> str:
    """Show the empty form: the same bytes for everybody, without a token (case 24 of the security cases)."""
    return render_template("feedback/form.html", form=FeedbackForm(formdata=None))


@blueprint.post("/feedback")
@limiter.limit(FLOOD_LIMIT, on_breach=refuse_flood)
def send() -> ResponseReturnValue:
    """Store a message."""
    sent = FeedbackForm(formdata=_typed())
    if sent.website.data:
        # Thanked like everybody, so that the program does not try another way.
        return redirect(url_for("feedback.thanks"), 303)
    if not sent.validate():
        return _show(sent, 422)
    try:
        operations.add_feedback(sent.name.data.strip(), sent.email.data, sent.message.data.strip())
    except DatabaseBusy as error:
        answer = _show(sent, 503, TOO_BUSY)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return redirect(url_for("feedback.thanks"), 303)


@blueprint.get("/feedback/thanks")
@cache.cached(timeout=STATIC_PAGE_TTL)
def thanks() -> str:
    """Thank whoever has written."""
    return render_template("feedback/thanks.html")


@blueprint.get("/desk/feedback")
@only(EDITORS)
def desk() -> str:
    """List what readers wrote: what is open first, then what is done."""
    before = request.args.get("before", "")
    page = data_access.get_feedback(before or None)
    may_see_log = has_any_role(ADMINISTRATORS)
    return render_template("feedback/desk.html", page=page, before=before, may_see_log=may_see_log)


@blueprint.post("/desk/feedback/<int:feedback_id>/done")
@only(EDITORS)
def done(feedback_id: int) -> ResponseReturnValue:
    """Say that a message needs nothing more."""
    operations.mark_done(feedback_id, actor())
    return _back()


@blueprint.post("/desk/feedback/<int:feedback_id>/open")
@only(EDITORS)
def reopen(feedback_id: int) -> ResponseReturnValue:
    """Say that a message needs something after all."""
    operations.reopen(feedback_id, actor())
    return _back()


@blueprint.get("/desk/feedback/<int:feedback_id>/delete")
@only(EDITORS)
def ask_to_delete(feedback_id: int) -> str:
    """Show the message once more, and ask whether it shall go."""
    message = data_access.get_message(feedback_id) or abort(404)
    return render_template("feedback/delete.html", message=message, before=request.args.get("before", ""))


@blueprint.post("/desk/feedback/<int:feedback_id>/delete")
@only(EDITORS)
def delete(feedback_id: int) -> ResponseReturnValue:
    """Delete a message for good."""
    if request.form.get("do") != "delete":
        abort(400, "This form has no such button.")
    operations.delete_feedback(feedback_id, actor())
    flash("The message is deleted.")
    return _back()


def _typed() -> Mapping[str, str]:
    """Return the form that was sent; JSON would fill its fields with anything."""
    if request.mimetype not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        abort(415)
    return request.form


def _show(sent: FeedbackForm, status: int, problem: str = "") -> Response:
    if problem:
        sent.form_errors.append(problem)
    return make_response(render_template("feedback/form.html", form=sent), status)


def _back() -> ResponseReturnValue:
    return redirect(url_for("feedback.desk", before=request.form.get("before") or None), 303)
