"""Reads of authors and of the names of accounts."""

from sqlalchemy import bindparam, select, union_all

from application.config import AUTHOR_TTL
from application.data import tags
from application.data.database import read
from application.data.models import Profile, User
from application.data.records import Person, PersonPage
from application.extensions import cache, db
from application.measuring.timing import timed
from application.utils.look_alikes import latin_reading
from application.utils.text import fold

_ONE = select(Profile.profile_id, Profile.user_name, Profile.display_name, Profile.biography).where(
    Profile.user_name == bindparam("user_name")
)


@cache.memoize(AUTHOR_TTL)
@timed("get_person")
def get_person(user_name: str) -> PersonPage | None:
    """Return an author as their page shows them."""
    row = read(_ONE, {"user_name": user_name}).one_or_none()
    cache.depends_on(tags.user_name(user_name))
    if row is None:
        return None
    cache.depends_on(tags.person(row.profile_id))
    return PersonPage(Person(row.profile_id, row.user_name, row.display_name), row.biography)


@timed("get_profile_id")
def get_profile_id(user_id: int) -> int | None:
    """Return which author an account is; never cached."""
    return db.session.scalar(select(Profile.profile_id).where(Profile.user_id == user_id))


@timed("get_user_name")
def get_user_name(user_id: int) -> str | None:
    """Return under which name an account's articles stand; never cached."""
    return db.session.scalar(select(Profile.user_name).where(Profile.user_id == user_id))


@timed("get_user_id")
def get_user_id(email: str) -> int | None:
    """Return the account that signs in with this address; never cached."""
    return db.session.scalar(select(User.id).where(User.email == fold(email.strip())))


@timed("is_name_taken")
def is_name_taken(name: str) -> bool:
    """Tell whether an account or an author, imported ones too, has this name or what it reads as; never cached."""
    folded = fold(name.strip())
    names = {folded, latin_reading(folded)}
    account = select(User.id).where(User.username.in_(names))
    author = select(Profile.profile_id).where(Profile.user_name.in_(names))
    return db.session.execute(union_all(account, author)).first() is not None
