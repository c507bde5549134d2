"""The cache engine. It knows nothing of articles; `docs/caching.md` explains it in ten minutes."""

from application.caching.cache import Cache
from application.caching.improving import improve
from application.caching.page_cache import PAGES, PageCache
from application.caching.purges import written_by
from application.caching.refilling import keep_warm, refill_cold
from application.caching.signals import computing, cooled, invalidated, ordered, recovering, stored

__all__ = [
    "PAGES",
    "Cache",
    "PageCache",
    "computing",
    "cooled",
    "improve",
    "invalidated",
    "keep_warm",
    "ordered",
    "recovering",
    "refill_cold",
    "stored",
    "written_by",
]
