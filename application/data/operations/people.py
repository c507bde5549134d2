"""Authors, and which account is which."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from application.data.database import end_read_transaction
from application.data.errors import Invalid, NameTaken, NotFound
from application.data.models import DISPLAY_NAME_LENGTH, USER_NAME_LENGTH, Profile, User
from application.data.operations.article_fields import Checker
from application.data.operations.audit import known, note
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.records import Actor
from application.extensions import db
from application.utils.text import fold, numbered

MOST_NUMBERED = 50
LONGEST_BIOGRAPHY = 5000


@decided_by_constraints
def ensure_profile(user_id: int) -> int:
    """Return the author that an account is, made when there is none. Raises `NotFound`.

    It has the account's name, or that with a number: an author who is there already is somebody else until an
    administrator says otherwise.
    """
    end_read_transaction()
    profile_id = db.session.scalar(_of_account(user_id))
    if profile_id is not None:
        return profile_id
    with transaction() as session:
        profile_id = session.scalar(_of_account(user_id))
        if profile_id is not None:
            return profile_id
        user = session.get(User, user_id)
        if user is None:
            raise NotFound
        wished = user.username or f"author-{user_id}"
        profile = Profile(
            user_name=_free_name(session, fold(wished), user_id),
            display_name=wished[:DISPLAY_NAME_LENGTH],
            user_id=user_id,
        )
        session.add(profile)
        session.flush()
        return profile.profile_id


def link_profile(user_id: int, user_name: str) -> int:
    """Say that an account is this author, for administrators. Raises `NotFound`, `NameTaken`, `Invalid`."""
    with transaction() as session:
        profile = session.scalar(select(Profile).where(Profile.user_name == fold(user_name)))
        if profile is None or session.get(User, user_id) is None:
            raise NotFound
        if profile.user_id not in {None, user_id}:
            raise NameTaken(user_name)
        if session.scalar(_of_account(user_id)) not in {None, profile.profile_id}:
            raise Invalid({"user_name": "This account is another author already."})
        profile.user_id = user_id
        return profile.profile_id


@decided_by_constraints
def edit_profile(user_name: str, display_name: str, biography: str, by: Actor) -> None:
    """Change what readers see of an author. Raises `NotFound`, `Invalid`, `DatabaseBusy`."""
    check = Checker()
    name = check.line("display_name", display_name, DISPLAY_NAME_LENGTH)
    if not name:
        check.problems.setdefault("display_name", "Give a name.")
    text = check.body("biography", biography, LONGEST_BIOGRAPHY).strip()
    check.raise_if_any()
    with transaction() as session:
        profile = session.scalar(select(Profile).where(Profile.user_name == fold(user_name)).with_for_update())
        if profile is None:
            raise NotFound
        if (profile.display_name, profile.biography) == (name, text):
            return
        profile.display_name, profile.biography = name, text
        note(session, "profile edited", f"author {profile.user_name}", known(session, by))


def _of_account(user_id: int) -> Select[int]:
    return select(Profile.profile_id).where(Profile.user_id == user_id)


def _free_name(session: Session, wished: str, user_id: int) -> str:
    """Return the name, or that with the first number that makes it nobody's."""
    names = [numbered(wished, number, USER_NAME_LENGTH) for number in range(1, MOST_NUMBERED)]
    accounts = select(User.username).where(User.username.in_(names), User.id != user_id)
    authors = select(Profile.user_name).where(Profile.user_name.in_(names))
    taken = {*session.scalars(accounts), *session.scalars(authors)}
    free = next((name for name in names if name not in taken), None)
    if free is None:
        raise NameTaken(wished)
    return free
