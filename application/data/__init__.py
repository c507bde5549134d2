"""Everything about the database. Knows no HTTP and no Celery."""
