"""A process under gevent that does everything slow at once, and measures how long a ticking greenlet waits.

Run by `tests/test_nothing_blocks.py`: it says "ready", waits for a line, then prints its figures as JSON.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
from flask_security import hash_password  # noqa: E402

from application import create_app  # noqa: E402
from application.accounts import BCRYPT_ROUNDS  # noqa: E402
from application.controller.presentation import load_templates  # noqa: E402
from application.data.data_access import get_all_articles  # noqa: E402
from application.data.models import Role, User  # noqa: E402
from application.extensions import db  # noqa: E402
from application.utils.collecting import settle  # noqa: E402
from application.utils.offload import take_short_turns  # noqa: E402

PEOPLE = 20
PASSWORD = "correct horse battery"
TICK = 0.005
APART = 0.02
PARAGRAPH = "## A heading\n\nSome *text* with `code`, a [link](https://example.com) and more of it.\n\n- one\n- two\n\n"
LONG = PARAGRAPH * (170_000 // len(PARAGRAPH))


def waited_for_a_processor() -> float:
    """Return the seconds for which the loop's thread could have run, and others did: the machine's, not ours."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def main() -> None:
    app = create_app()
    run = f"p{uuid.uuid4().hex[:12]}"
    app.extensions["security"].pwd_context.update(bcrypt__rounds=BCRYPT_ROUNDS)
    with app.app_context():
        password = hash_password(PASSWORD)
        role = db.session.query(Role).filter_by(name="author").one_or_none() or Role(name="author")
        for number in range(PEOPLE):
            name = f"{run}{number}"
            email = f"{name}@example.com"
            db.session.add(User(email=email, username=name, password=password, fs_uniquifier=name, roles=[role]))
        db.session.commit()

    def sign_in(number: int) -> int:
        form = {"email": f"{run}{number}", "password": PASSWORD}
        return app.test_client().post("/login", data=form).status_code

    def write(**more: str) -> int:
        client = app.test_client()
        client.post("/login", data={"email": f"{run}0", "password": PASSWORD})
        form = {"title": "Long", "content": LONG, **more}
        return client.post("/create_article", data=form, content_type="multipart/form-data").status_code

    def read() -> tuple[int, int]:
        """A reader opens a long page that is not stored, while people sign in; how many were still at it after?"""
        answer = app.test_client().get(address, headers={"Accept-Encoding": "br"})
        assert answer.headers["X-Cache"] == "miss"
        return answer.status_code, sum(not reader.ready() for reader in readers)

    def tick() -> None:
        while True:
            before, in_line = time.perf_counter(), waited_for_a_processor()
            gevent.sleep(TICK)
            waits.append(time.perf_counter() - before - TICK - (waited_for_a_processor() - in_line))

    # Everything that is loaded at its first use is loaded before the measurement.
    sign_in(0), write(do="preview"), write(do="publish")
    with app.app_context():
        slug = get_all_articles().cards[0].slug
    address = f"/articles/{slug}"
    load_templates(app)
    take_short_turns()
    settle()
    waits: list[float] = []
    print("ready", flush=True)  # noqa: T201 - a word to the test
    sys.stdin.readline()
    ticking = gevent.spawn(tick)
    # All are under way at once, yet none arrives in the same instant: that would measure the greenlets' queue.
    readers = [gevent.spawn_later(number * APART, sign_in, number) for number in range(PEOPLE)]
    previewing, writing = gevent.spawn(write, do="preview"), gevent.spawn(write, do="publish")
    reading = gevent.spawn_later(PEOPLE * APART, read)
    began = time.perf_counter()
    gevent.joinall([*readers, previewing, writing, reading], raise_error=True)
    took = time.perf_counter() - began
    ticking.kill()
    figures = {
        "longest wait": max(waits),
        "ticks": len(waits),
        "took": took,
        "sign-ins": sorted({reader.value for reader in readers}),
        "preview": previewing.value,
        "write": writing.value,
        "read": reading.value,
    }
    print(json.dumps(figures), flush=True)  # noqa: T201 - the answer to it


if __name__ == "__main__":
    main()
