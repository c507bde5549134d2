"""Have the cache forget: a key, what was made from tags, or everything; asked again first, with the reason."""

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from application.caching.backend import RedisBackend
from application.caching.inspector import count_listed, listed, readable, tags_of
from application.controller.console import frame
from application.controller.console.cache import engine
from application.controller.console.frame import blueprint, operators_only
from application.controller.console.reasons import TOO_BUSY, ReasonForm
from application.controller.staff import actor
from application.data.errors import DatabaseBusy
from application.data.operations import forgetting

NAMED = 50
"""Keys that the question names; the others are counted."""
MOST_TAGS = 20
LONGEST_TAG = 300
UNTOLD = "Redis did not take it, so nothing is certain to be forgotten. Try again in a moment."


@blueprint.get("/cache/forget")
@operators_only
def ask_forget() -> ResponseReturnValue:
    """Say what would be forgotten, and ask why."""
    return _ask(ReasonForm(formdata=None), listed(engine(), _tags()))


@blueprint.post("/cache/forget")
@operators_only
def forget() -> ResponseReturnValue:
    """Forget it, in every process; written down with who and why."""
    form, tags = ReasonForm(), _tags()
    found = listed(engine(), tags)
    if not form.validate():
        return _ask(form, found, 422)
    why, keys = form.why.data, count_listed(found, tags)
    try:
        was_told = forgetting.forget(tags, actor(), why, keys) if tags else forgetting.forget_everything(actor(), why)
    except DatabaseBusy:
        return _ask(form, found, 503, TOO_BUSY)
    if not was_told:
        return _ask(form, found, 503, UNTOLD)
    flash(_told(keys) if tags else "Everything was forgotten. Hot pages are made again at once.")
    return redirect(url_for("console.cache_purges"), 303)


def _ask(form: ReasonForm, found: dict[str, set[bytes]], status: int = 200, problem: str = "") -> ResponseReturnValue:
    backend, tags = engine(), _tags()
    names = sorted(set().union(*found.values()))
    facts = {
        "tags": tags,
        "key": readable(tags[0].removeprefix("key/").encode()) if _is_key(tags) else "",
        "is_wide": len(found) < len(tags),
        "names": [_short(backend, name) for name in names[:NAMED]],
        "count": len(names),
    }
    return frame.show("cache", "cache_forget", form=form, problem=problem, **facts), status


def _tags() -> list[str]:
    """Return what the request names: one key, or some tags; none for everything. 400 when it names neither."""
    given = request.values
    key, tags = given.get("key", ""), [tag for one in given.getlist("tag") if (tag := one.strip())]
    if given.get("what") == "everything" and not key and not tags:
        return []
    tags = [f"key/{engine().names.short(key)}"] if key else tags
    if not tags:
        abort(400, "Name a key or tags that are to be forgotten.")
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG or not tag.isprintable() for tag in tags):
        abort(400, f"At once {MOST_TAGS} tags can be forgotten, of {LONGEST_TAG} characters each.")
    return tags_of(engine(), key) if key else tags


def _is_key(tags: list[str]) -> bool:
    """Tell whether they stand for one key: that of another release takes two."""
    is_one = len(tags) == 1 or "key" in request.values
    return is_one and bool(tags) and tags[0].startswith("key/")


def _short(backend: RedisBackend, name: bytes) -> str:
    return backend.names.short(readable(name))


def _told(count: int | None) -> str:
    if count is None:
        return "More was made from this than is listed, so everything was forgotten."
    if not count:
        return "Nothing was cached under this; what is being made from it now will not be stored."
    return "One key went." if count == 1 else f"{count} keys went."
