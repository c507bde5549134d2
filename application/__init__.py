"""Broadsheet: a multi-author article site, cached at every layer and measured to the nanosecond."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from application import accounts, cli
from application.caching import ordered, recovering
from application.config import ROOT, Settings, flask_config, load_settings
from application.controller import register_controllers
from application.controller.me_lane import MeLane
from application.data import database, invalidation
from application.data.operations.forgetting import note_order
from application.extensions import cache, db, limiter, migrate
from application.extensions import live as live_events
from application.jobs import pages as page_jobs
from application.jobs.workers import create_celery
from application.measuring import dispatching, queries, templates
from application.measuring.logs import init_logs
from application.measuring.requests import ServerTiming


def create_app(settings: Settings | None = None) -> Flask:
    """Build the site from its settings, by default those of the environment. Raises `SettingsError`."""
    settings = settings or load_settings()
    app = Flask(__name__, root_path=str(ROOT))
    app.config.from_mapping(flask_config(settings))
    init_logs(settings.log_format)
    app.logger.setLevel(settings.log_level)

    database.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    cache.init_app(app)
    invalidation.init_app(app, cache)
    _sweep_at_recovery(app)
    # The same receiver for every application of this process, so that none is told twice.
    ordered.connect(note_order, cache)
    live_events.init_app(app)
    limiter.init_app(app)
    accounts.init_accounts(app)
    register_controllers(app)
    cli.register_commands(app, create_app)
    create_celery(app)
    queries.init_app(app, db)
    templates.init_app(app)
    dispatching.init_app(app)
    # The outermost layers, from the inside out: a stored page is answered before Flask is entered, and timed; one in
    # memory is answered before anything.
    pages = cache.page_cache(app)
    page_jobs.init_app(app, cache)
    timing = ServerTiming(MeLane(app, pages), settings.slow_ms, believes_ids=settings.proxies > 0)
    app.wsgi_app = timing  # type: ignore[method-assign]
    if settings.proxies:
        # Each proxy in front adds the address that it was asked from; only that many are believed.
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, settings.proxies, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = pages.fast_lane(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _sweep_at_recovery(app: Flask) -> None:
    """Tell a cache that answers again what it missed, on whichever thread found out."""

    def sweep(_backend: object) -> None:
        with app.app_context():
            invalidation.sweep_outbox()

    recovering.connect(sweep, app.extensions["cache"][cache])
    # It lives as long as its site, and no longer.
    app.extensions["sweep"] = sweep
