"""Numbers that name rows, as strangers write them in addresses."""

import re

MAX_ID = 999_999_999
"""Nine digits: more rows than there will be, and a number that every column can be compared with (32 bits)."""

ID_PATTERN = r"(?:0|[1-9][0-9]{0,8})"
_ID = re.compile(ID_PATTERN)


def parse_id(text: str | None) -> int | None:
    """Read an id in its one canonical spelling; None for anything else, whatever its length or alphabet."""
    return int(text) if text is not None and _ID.fullmatch(text) else None
