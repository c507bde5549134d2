"""The cache engine. It knows nothing of articles; `docs/caching.md` explains it in ten minutes."""

from application.caching.cache import Cache
from application.caching.signals import computing, cooled, invalidated, recovering, stored

__all__ = ["Cache", "computing", "cooled", "invalidated", "recovering", "stored"]
