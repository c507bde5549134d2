"""The forms of the site's own."""

import re

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from application.data.models import SLUG_LENGTH, STANDFIRST_LENGTH, TAG_LENGTH, TITLE_LENGTH
from application.data.operations.article_fields import LONGEST_CONTENT, MOST_TAGS

# Tab, line feed and carriage return are text; the other C0 and C1 controls are not.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


def is_text(_form: FlaskForm, field: Field) -> None:
    """Refuse control characters, which no reader could see and no feed could carry."""
    if _CONTROLS.search(field.data or ""):
        raise ValidationError("This contains a control character; please take it out.")


def or_empty(text: str | None) -> str:
    """Take a field that was not sent for one that was left empty."""
    return text or ""


class ArticleForm(FlaskForm):  # type: ignore[misc]
    """An article as its author types it."""

    title = StringField(
        "Title", validators=[InputRequired("Give the article a title."), Length(max=TITLE_LENGTH), is_text]
    )
    standfirst = TextAreaField("Standfirst", validators=[Length(max=STANDFIRST_LENGTH), is_text], filters=[or_empty])
    content = TextAreaField(
        "Text", validators=[InputRequired("Write something first."), Length(max=LONGEST_CONTENT), is_text]
    )
    tags = StringField("Tags", validators=[Length(max=MOST_TAGS * TAG_LENGTH), is_text], filters=[or_empty])
    publish = BooleanField("Publish it")

    def validate_tags(self, _field: StringField) -> None:
        """Refuse a list of tags that no page could show."""
        tags = self.tag_names()
        if len(tags) > MOST_TAGS:
            raise ValidationError(f"An article can have {MOST_TAGS} tags at most.")
        if any(len(tag) > TAG_LENGTH for tag in tags):
            raise ValidationError(f"A tag can have {TAG_LENGTH} characters at most.")

    def tag_names(self) -> list[str]:
        """Return the tags, in the order in which they were typed."""
        names = (" ".join(name.split()) for name in self.tags.data.split(","))
        return list(dict.fromkeys(name for name in names if name))


class EditForm(ArticleForm):
    """An article that exists: it has an address, and a version that tells whether somebody else saved meanwhile."""

    slug = StringField(
        "Address", validators=[InputRequired("An article needs an address."), Length(max=SLUG_LENGTH), is_text]
    )
    version = HiddenField("Version")
