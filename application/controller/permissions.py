"""Who may do what, by role."""

from flask_login import current_user

EDITORS = frozenset({"editor", "administrator"})
WRITERS = EDITORS | {"author"}


def has_any_role(names: frozenset[str]) -> bool:
    """Tell whether the reader is signed in and holds one of these roles."""
    return bool(current_user.is_authenticated and any(role.name in names for role in current_user.roles))
