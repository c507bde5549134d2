"""Celery: thin tasks that call data, then tell the world."""
