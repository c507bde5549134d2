"""Every read, one function each: cached where everybody may share it, timed, all importable from here."""

from application.data.data_access.addresses import find_moved, find_old_address
from application.data.data_access.articles import (
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_more_by_authors,
)
from application.data.data_access.audit import get_audit
from application.data.data_access.autosaves import get_autosave, get_autosaves
from application.data.data_access.desk import get_day, get_desk, get_names
from application.data.data_access.editing import get_editing, get_standing
from application.data.data_access.feedback import get_feedback, get_message
from application.data.data_access.likes import (
    find_miscounted,
    get_like_count,
    get_like_counts,
    get_mine,
    get_published,
)
from application.data.data_access.people import get_person, get_profile_id, get_user_id, get_user_name, is_name_taken
from application.data.data_access.revisions import find_revisions, get_revision, get_revisions
from application.data.data_access.schedule import find_due, find_forgotten
from application.data.data_access.shown import count_articles, count_shown, find_shown, find_wrong_counts
from application.data.data_access.statements import get_statements
from application.data.data_access.stray_words import get_strays
from application.data.data_access.tables import get_database
from application.data.data_access.tags import find_newest_tag, get_tag

__all__ = [
    "count_articles",
    "count_shown",
    "find_due",
    "find_forgotten",
    "find_miscounted",
    "find_moved",
    "find_newest_tag",
    "find_old_address",
    "find_revisions",
    "find_shown",
    "find_wrong_counts",
    "get_all_articles",
    "get_article",
    "get_articles_by_tag",
    "get_articles_by_username",
    "get_audit",
    "get_autosave",
    "get_autosaves",
    "get_database",
    "get_day",
    "get_desk",
    "get_editing",
    "get_feedback",
    "get_like_count",
    "get_like_counts",
    "get_message",
    "get_mine",
    "get_more_by_authors",
    "get_names",
    "get_person",
    "get_profile_id",
    "get_published",
    "get_revision",
    "get_revisions",
    "get_standing",
    "get_statements",
    "get_strays",
    "get_tag",
    "get_user_id",
    "get_user_name",
    "is_name_taken",
]
