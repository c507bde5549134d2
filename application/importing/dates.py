"""Dates in all the shapes that blogs write them. A moment that could be two is reported, never guessed."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from application.importing.problems import ImportProblem

_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?"
)
_ZONE = r"(?P<zone>z|(?:utc|gmt)?\s?[+-]\d{1,2}(?::?\d{2})?|[a-z]{3,4})?(?:\s+[a-z]{3,4})?(?:\s*\([^()]*\))?"
_TAIL = rf"(?:(?:t|,?\s+(?:at\s+)?){_TIME})?\s*{_ZONE}"
_MONTH = r"(?P<month_name>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:[a-z]{3,9}\.?,?\s+)?"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TAIL}",
        rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_TAIL}",
        rf"{_WEEKDAY}{_DAY}[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}}){_TAIL}",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TAIL}",
        rf"(?P<first>\d{{1,2}})[-/](?P<second_number>\d{{1,2}})[-/](?P<year>\d{{4}}){_TAIL}",
    )
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - easier to read and to sort
_FULL_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905 - easier to read and to sort
# Those whose meaning is not disputed (RFC 5322, 4.3).
_NAMED_ZONES = {
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
_OFFSET = re.compile(r"(?:utc|gmt)?\s?([+-])(\d{1,2}):?(\d{2})?")
_IN_NAME = re.compile(r"(\d{4})([-_.])(\d{1,2})\2(\d{1,2})(?:[-_. ]|$)|(\d{4})(\d{2})(\d{2})(?:[-_. ]|$)")
_IN_PATH = re.compile(r"(?:^|/)(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[/_.-]|$)")


def read_date(value: object, zone: tzinfo) -> datetime:
    """Return the moment a field means, in its own zone, else in `zone`. Raises `ImportProblem`."""
    if isinstance(value, datetime):
        return _checked(value if value.tzinfo else value.replace(tzinfo=zone), value)
    if isinstance(value, date):
        return _checked(datetime(value.year, value.month, value.day, tzinfo=zone), value)
    text = " ".join(str(value).split())[:80]
    for shape in _SHAPES:
        match = shape.fullmatch(text)
        if match:
            return _checked(_moment(match.groupdict(), text, zone), text)
    raise ImportProblem(f"the date {text!r} is of no known shape")


def date_in_name(name: str) -> date | None:
    """Return the date at the start of a file's name, as in "2015-07-08-slug". Raises `ImportProblem` for 2015-02-30."""
    match = _IN_NAME.match(name)
    if match is None:
        return None
    year, month, day = (match[1], match[3], match[4]) if match[1] else (match[5], match[6], match[7])
    # Eight digits are as often a number of something else.
    return _date(year, month, day, name) if match[1] or (1 <= int(month) <= 12 and 1 <= int(day) <= 31) else None


def date_in_path(path: str) -> date | None:
    """Return the date among a path's folders, as in "2015/07/08/slug". Raises `ImportProblem`."""
    match = _IN_PATH.search(path)
    return _date(match[1], match[2], match[3], path) if match else None


def without_date(name: str) -> str:
    """Return a file's name without the date it starts with."""
    return (_IN_NAME.sub("", name, count=1) if date_in_name(name) and _IN_NAME.match(name) else name).strip(
        "-_. "
    ) or name


def _moment(parts: dict[str, str | None], text: str, zone: tzinfo) -> datetime:
    try:
        day = date(int(parts["year"] or 0), *_month_and_day(parts, text))
        hour = _hour(int(parts["hour"] or 0), parts["half"])
        microsecond = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
        offset = _zone(parts["zone"], text) or zone
        return datetime(
            day.year,
            day.month,
            day.day,
            hour,
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            microsecond,
            offset,
        )
    except ValueError as error:
        raise ImportProblem(f"the date {text!r} does not exist ({error})") from error


def _month_and_day(parts: dict[str, str | None], text: str) -> tuple[int, int]:
    if name := (parts.get("month_name") or "").lower():
        if name not in _FULL_MONTHS and name not in {*_MONTHS, "sept"}:
            raise ImportProblem(f"the date {text!r} names no month in English")
        return _MONTHS.index(name[:3]) + 1, int(parts["day"] or 0)
    if parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second_number"] or 0)
        if first != second and first <= 12 and second <= 12:
            raise ImportProblem(f"the date {text!r} can be read in two ways; write it as YYYY-MM-DD")
        return (second, first) if first > 12 else (first, second)
    return int(parts["month"] or 0), int(parts["day"] or 0)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("hour must be in 1..12 before am and pm")
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _zone(written: str | None, text: str) -> tzinfo | None:
    if not written:
        return None
    written = written.lower()
    if written == "z":
        return UTC
    if written in _NAMED_ZONES:
        return timezone(timedelta(hours=_NAMED_ZONES[written]))
    offset = _OFFSET.fullmatch(written)
    if offset is None:
        raise ImportProblem(f"the date {text!r} is in an unknown time zone")
    distance = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return timezone(-distance if offset[1] == "-" else distance)


def _date(year: str, month: str, day: str, where: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise ImportProblem(f"the date in {where!r} does not exist ({error})") from error


def _checked(moment: datetime, written: object) -> datetime:
    try:
        moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise ImportProblem(f"the date {str(written)!r} cannot be stored in UTC") from error
    return moment
