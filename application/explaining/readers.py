"""Who reads in a rehearsal: nobody in particular, or somebody by name, whose session ends with it.

Such a session is that of somebody who has just gone all the way: typed their password, and the code of their second
factor where they have one.
"""

import time

from flask_login import login_user
from flask_security import lookup_identity
from flask_security.confirmable import requires_confirmation
from sqlalchemy.exc import SQLAlchemyError

from application.rehearsing.site import Rehearsal, RehearsalError


def sign_in(site: Rehearsal, name: str) -> None:
    """Give a rehearsal the session of an account, by its address or its name. Raises `RehearsalError`."""
    app = site.app
    with app.request_context(site.environ()) as context:
        try:
            user = lookup_identity(name)
        except SQLAlchemyError as error:
            reason = str(error).partition("\n")[0]
            raise RehearsalError(f"the accounts cannot be read: {reason}") from error
        if user is None:
            raise RehearsalError(f"no account is called {name}, and none signs in with it")
        if requires_confirmation(user):  # type: ignore[no-untyped-call]
            raise RehearsalError(f"the account {name} has not confirmed its address, so nobody sees anything as {name}")
        if not login_user(user):
            raise RehearsalError(f"the account {name} is closed, so nobody sees anything as {name}")
        # What asks for a password of late has got it.
        context.session["fs_paa"] = time.time()
        signing = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        site.cookie = f"{app.config['SESSION_COOKIE_NAME']}={signing.dumps(dict(context.session))}"
