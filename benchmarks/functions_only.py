"""The site without its cached pages: every view runs, and what it calls comes out of the cache."""

from application import create_app
from application.caching.page_cache import PAGE_POLICY

app = create_app()
for view in app.view_functions.values():
    # So no view says that its page may be stored.
    vars(view).pop(PAGE_POLICY, None)
