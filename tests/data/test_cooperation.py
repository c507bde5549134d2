"""Under gevent a writer that waits for a lock lets everybody else go on, the holder of the lock first of all."""

import os
import subprocess
import sys

from application.config import ROOT, Settings

PROGRAM = """
from gevent import monkey; monkey.patch_all()
import gevent
from sqlalchemy import insert, update
from application import create_app
from application.data.models import Tag
from application.extensions import db

app = create_app()
with app.app_context(), db.engine.begin() as connection:
    connection.execute(insert(Tag).values(slug="tag", name="nobody's"))

order = []
held, waiting = gevent.event.Event(), gevent.event.Event()

def hold():
    with app.app_context():
        db.session.execute(update(Tag).values(name="the holder's"))
        held.set()
        waiting.wait()
        # A writer that blocked the loop would never let this greenlet come so far.
        for _ in range(50):
            gevent.sleep(0.001)
        order.append("held")
        db.session.commit()

def write():
    held.wait()
    with app.app_context():
        gevent.spawn(waiting.set)
        db.session.execute(update(Tag).values(name="the writer's"))
        order.append("wrote")
        db.session.commit()

gevent.joinall([gevent.spawn(hold), gevent.spawn(write)], raise_error=True)
print(order)
"""


def test_a_waiting_writer_lets_the_holder_of_the_lock_go_on(settings: Settings) -> None:
    environ = {
        **os.environ,
        "ENV": "test",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SITE_URL": settings.site_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "['held', 'wrote']\n", done.stderr
