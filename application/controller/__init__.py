"""HTTP in, HTML or JSON out. No SQL, no commit, no Redis."""

from flask import Flask

from application.controller import (
    account,
    api,
    articles,
    audit,
    authors,
    autosaves,
    bad_input,
    console,
    cross_site,
    desk,
    errors,
    feedback,
    headers,
    likes,
    live,
    me,
    metrics,
    old_assets,
    pages,
    presentation,
    recovery,
    revisions,
    second_factor,
    sessions,
    sign_in,
    updates,
    writing,
)


def register_controllers(app: Flask) -> None:
    """Bind every view, and what stands before and after them."""
    # Input is checked first, and the headers are added last, whatever else answered.
    headers.init_app(app)
    sessions.init_app(app)
    bad_input.init_app(app)
    cross_site.init_app(app)
    errors.register_errors(app)
    presentation.register_presentation(app)
    old_assets.register_old_assets(app)
    sign_in.init_app(app)
    second_factor.init_app(app)
    recovery.init_app(app)
    for controller in (
        articles,
        pages,
        likes,
        me,
        metrics,
        account,
        writing,
        autosaves,
        revisions,
        desk,
        authors,
        live,
        api,
        feedback,
        audit,
        console,
        updates,
    ):
        app.register_blueprint(controller.blueprint)
