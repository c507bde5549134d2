"""Looks at the database under gevent."""

import json
import subprocess
import sys
from pathlib import Path

from application.config import ROOT

PROGRAM = """
from gevent import monkey

monkey.patch_all()

import json
import sys

import gevent
from sqlalchemy import create_engine

from application.data.looking import Kept, look

engine = create_engine("sqlite:///" + sys.argv[1])
# A look's own thread is no greenlet: it waits for a lock of the system, and would hold up the loop with it.
go_on = monkey.get_original("threading", "Event")()
begun = []


def work(connection):
    begun.append(connection.exec_driver_sql("SELECT 1").scalar())
    return go_on.wait(20)


kept = Kept(lambda: look(engine, work), least=60)
first = kept.get(0.01)
looking = gevent.spawn(kept.get, 20)
while not begun:
    gevent.sleep(0.01)
go_on.set()
print(json.dumps([begun, first, looking.get(timeout=20)]))
"""


def test_the_loop_goes_on_while_a_file_is_looked_at(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "small.sqlite3")]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == [[1], None, True]
