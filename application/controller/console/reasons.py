"""Why an operator does something, for the log of who did what."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired

from application.controller.forms import at_most, is_line, on_one_line
from application.utils.reasons import LONGEST_REASON

TOO_BUSY = "The database is too busy to write this into the log, so it is not done. Try again in a moment."


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why."""

    why = StringField(
        "Why",
        validators=[DataRequired("Say why."), at_most(LONGEST_REASON), is_line],
        filters=[on_one_line],
    )
