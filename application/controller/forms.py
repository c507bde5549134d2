"""The forms of the site's own."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, InputRequired, Length, ValidationError

from application.controller.addresses import fold
from application.data.models import (
    ADDRESS_LENGTH,
    DISPLAY_NAME_LENGTH,
    FORM_KEY_LENGTH,
    LANGUAGE_LENGTH,
    SLUG_LENGTH,
    STANDFIRST_LENGTH,
    TAG_LENGTH,
    TITLE_LENGTH,
    USER_NAME_LENGTH,
)
from application.data.operations.article_fields import FARTHEST, LONGEST_CONTENT, MOST_AUTHORS, MOST_TAGS
from application.data.operations.people import LONGEST_BIOGRAPHY
from application.data.records import Written
from application.utils.text import is_visible, straighten

DIRECTIONS = [
    SelectChoice("auto", "Automatic"),
    SelectChoice("ltr", "Left to right"),
    SelectChoice("rtl", "Right to left"),
]

FORM_KEY = re.compile(rf"[a-z0-9-]{{1,{FORM_KEY_LENGTH}}}", re.ASCII)

STRAIGHTENED = (
    "An invisible sign stood here that turns the direction of letters round. It is taken out now: "
    "look whether this reads as you mean it, then press the button again."
)

# Tab, line feed and carriage return are text; the other C0 and C1 controls are not.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


def is_text(_form: FlaskForm, field: Field) -> None:
    """Refuse control characters, which no reader could see and no feed could carry."""
    _check(field, line=False)


def is_line(_form: FlaskForm, field: Field) -> None:
    """Refuse the same, and whatever could turn the text beside a line round."""
    _check(field, line=True)


def at_most(longest: int) -> Length:
    """Refuse what is longer than so many characters."""
    return Length(max=longest, message=f"This can have {longest:,} characters at most.")


def _check(field: Field, *, line: bool) -> None:
    typed = field.data or ""
    if _CONTROLS.search(typed):
        raise ValidationError("This contains a control character; please take it out.")
    if typed.strip() and not is_visible(typed):
        field.data = ""
        raise ValidationError("Nothing of this can be seen; please write something.")
    straight = straighten(typed, line=line)
    if straight != typed:
        # Nobody can take out what nobody sees, and nothing is changed behind anybody's back.
        field.data = straight
        raise ValidationError(STRAIGHTENED)


def or_empty(text: str | None) -> str:
    """Take a field that was not sent for one that was left empty."""
    return text or ""


def with_line_feeds(text: str | None) -> str:
    """Return text with the line ends that are stored; browsers send two characters for each."""
    return or_empty(text).replace("\r\n", "\n").replace("\r", "\n")


def on_one_line(text: str | None) -> str:
    """Return text without line feeds, which no field of one line sends, and with single spaces."""
    return " ".join(or_empty(text).split())


def split_names(text: str) -> tuple[str, ...]:
    """Return what stands between commas or on lines of its own, each once, in its order."""
    names = (" ".join(name.split()) for name in re.split(r"[,\r\n]", text))
    return tuple(dict.fromkeys(name for name in names if name))


def fold_names(text: str) -> tuple[str, ...]:
    """Return the user names between commas in the spelling in which they are stored, in their order."""
    return tuple(dict.fromkeys(fold(name.removeprefix("@")) for name in split_names(text)))


class ArticleForm(FlaskForm):  # type: ignore[misc]
    """An article as its author types it. What is typed wrong beyond this, the operations say."""

    title = TextAreaField(
        "Title", validators=[InputRequired("Give the article a title."), at_most(TITLE_LENGTH), is_line]
    )
    standfirst = TextAreaField(
        "Standfirst", validators=[at_most(STANDFIRST_LENGTH), is_line], filters=[or_empty, with_line_feeds]
    )
    content = TextAreaField(
        "Text",
        validators=[InputRequired("Write something first."), at_most(LONGEST_CONTENT), is_text],
        filters=[with_line_feeds],
    )
    tags = TextAreaField("Tags", validators=[at_most(MOST_TAGS * (TAG_LENGTH + 2)), is_line], filters=[or_empty])
    authors = TextAreaField(
        "Authors", validators=[at_most(MOST_AUTHORS * (USER_NAME_LENGTH + 2)), is_line], filters=[or_empty]
    )
    slug = StringField("Address", validators=[at_most(SLUG_LENGTH), is_line], filters=[or_empty])
    canonical_url = StringField(
        "First published at", validators=[at_most(ADDRESS_LENGTH), is_line], filters=[or_empty, str.strip]
    )
    language = StringField(
        "Language", validators=[at_most(LANGUAGE_LENGTH), is_line], filters=[or_empty, str.strip], default="en"
    )
    direction = SelectField(
        "Direction",
        choices=DIRECTIONS,
        default="auto",
        filters=[lambda value: value or "auto"],
        validate_choice=False,
        validators=[AnyOf([choice.value for choice in DIRECTIONS], "Choose a direction.")],
    )
    date = StringField("Date", filters=[or_empty])
    time = StringField("Time", filters=[or_empty])
    version = HiddenField("Version")
    form_key = HiddenField("Form")

    def validate_tags(self, _field: Field) -> None:
        """Refuse a list of tags that no page could show."""
        tags = self.tag_names()
        if len(tags) > MOST_TAGS:
            raise ValidationError(f"An article can have {MOST_TAGS} tags at most.")
        if any(len(tag) > TAG_LENGTH for tag in tags):
            raise ValidationError(f"A tag can have {TAG_LENGTH} characters at most.")

    def tag_names(self) -> tuple[str, ...]:
        """Return the tags, in the order in which they were typed."""
        return split_names(self.tags.data)

    def author_names(self) -> tuple[str, ...]:
        """Return the authors' user names, in the order in which they were typed."""
        return fold_names(self.authors.data)

    def written(self) -> Written:
        """Return what was typed, as operations take it."""
        return Written(
            title=self.title.data or "",
            standfirst=self.standfirst.data,
            content=self.content.data or "",
            slug=self.slug.data.strip() or None,
            tags=self.tag_names(),
            authors=self.author_names(),
            canonical_url=self.canonical_url.data,
            language=self.language.data or "en",
            direction=self.direction.data,
        )

    def read_time(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Return the moment that was chosen, in UTC; None with errors beside the fields when it cannot be kept."""
        try:
            local = datetime.fromisoformat(f"{self.date.data.strip()}T{self.time.data.strip()}")
        except ValueError:
            self.date.errors = ["Choose a date and a time."]
            return None
        # Looked at before it is converted: the last day of the year 9999 has no tomorrow.
        if local.tzinfo is not None or abs(local - now.replace(tzinfo=None)) > FARTHEST:
            self.date.errors = ["Choose a date within the next five years."]
            return None
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != local:
            self.time.errors = ["On that day the clocks go forward and leave this hour out; choose another time."]
        elif moment <= now:
            self.time.errors = ["This time is over already; choose a later one, or publish now."]
        else:
            return moment
        return None


class EditForm(ArticleForm):
    """An article that exists: it has an address, and a version that tells whether somebody else saved meanwhile."""

    slug = StringField(
        "Address",
        validators=[InputRequired("An article needs an address."), at_most(SLUG_LENGTH), is_line],
        filters=[or_empty],
    )
    # The address may be another by the time the form is sent.
    article_id = HiddenField("Article")


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """An author as they show themselves to readers."""

    display_name = StringField(
        "Name",
        validators=[InputRequired("Readers need a name to read."), at_most(DISPLAY_NAME_LENGTH), is_line],
    )
    biography = TextAreaField(
        "About you", validators=[at_most(LONGEST_BIOGRAPHY), is_text], filters=[or_empty, with_line_feeds]
    )


def site_zone() -> ZoneInfo:
    """Return the time zone in which the site tells its times."""
    return ZoneInfo(current_app.config["SETTINGS"].site_timezone)
