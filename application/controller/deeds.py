"""What the buttons under the text are called."""

SAVE, PUBLISH, SCHEDULE, PREVIEW = "save", "publish", "schedule", "preview"
UNPUBLISH, UNSCHEDULE, DISCARD = "unpublish", "unschedule", "discard"
BIN, TAKE_BACK, THEIRS, COPY = "bin", "take-back", "theirs", "copy"

STORING = frozenset({SAVE, PUBLISH, SCHEDULE})
"""Those that store the words."""

SHOWING = frozenset({PUBLISH, SCHEDULE})
"""Those of them that readers see, now or later."""

HIDING = frozenset({UNPUBLISH, UNSCHEDULE, BIN})
"""Those that take an article, or what is planned for it, from readers, as it was seen."""

ALL = STORING | HIDING | {PREVIEW, DISCARD, TAKE_BACK, THEIRS, COPY}
