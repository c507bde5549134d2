"""The entry point of every process: gunicorn's `main:app`, Celery's `main:celery`, flask's `--app main`."""

from application import create_app

app = create_app()
celery = app.extensions["celery"]
