"""The first administrator: made when there is none, with a password that is shown once."""

from collections.abc import Mapping
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from flask_security import hash_password
from sqlalchemy import select

from application.data.models import Role, User
from application.data.operations.accounts import ADMINISTRATOR, create_administrator, ensure_roles
from application.extensions import db
from application.installation.generated import make_password
from application.installation.problems import InstallationProblem

DEFAULT_EMAIL = "admin@broadsheet.example"
"""Valid to the sign-in form, and by RFC 2606 nobody's."""
NAME = "publisher"
SHORTEST_PASSWORD = 12


@dataclass(frozen=True)
class FirstAdministrator:
    """Who may sign in first; the password only in the run that made it."""

    email: str | None
    password: str | None = None
    is_new: bool = False

    def lines(self) -> list[str]:
        """Say how to sign in."""
        if self.email is None:
            return ["there is no administrator yet: set ADMIN_EMAIL and start again"]
        if self.password:
            return [f"e-mail    {self.email}", f"password  {self.password}", "shown this once; only its hash is kept"]
        if self.is_new:
            return [f"as {self.email}, with the password from ADMIN_PASSWORD"]
        return [f"as {self.email}, with the password that was shown at the first start"]


def ensure_administrator(environ: Mapping[str, str], *, is_deployed: bool) -> FirstAdministrator:
    """Make the roles, and an administrator when there is none. Deployed, only one that `ADMIN_EMAIL` names."""
    ensure_roles()
    present = db.session.scalar(select(User.email).join(User.roles).where(Role.name == ADMINISTRATOR).order_by(User.id))
    email = present or environ.get("ADMIN_EMAIL") or (None if is_deployed else DEFAULT_EMAIL)
    if present or email is None:
        return FirstAdministrator(email)
    password = environ.get("ADMIN_PASSWORD") or ""
    if password and len(password) < SHORTEST_PASSWORD:
        raise InstallationProblem(f"ADMIN_PASSWORD is too short; it needs {SHORTEST_PASSWORD} characters")
    made = "" if password else make_password()
    create_administrator(_checked(email), hash_password(password or made), NAME)
    return FirstAdministrator(_checked(email), made or None, is_new=True)


def _checked(email: str) -> str:
    try:
        return validate_email(email, check_deliverability=False).normalized.casefold()
    except EmailNotValidError as error:
        raise InstallationProblem(f"ADMIN_EMAIL is {email!r}: {error}") from error
