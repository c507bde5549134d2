"""Numbers that name rows, as strangers write them in addresses."""

import re

MAX_ID = 2**31 - 1
"""The largest key that both databases can hold; SQLite raises when it is asked about one beyond 64 bits."""

ID_PATTERN = r"(?:0|[1-9][0-9]{0,9})"
_ID = re.compile(ID_PATTERN)


def parse_id(text: str | None) -> int | None:
    """Read an id in its one canonical spelling; None for anything else, whatever its length or alphabet."""
    if text is None or _ID.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= MAX_ID else None
