import json
import subprocess
import sys

from application.config import ROOT

PROGRAM = """
from gevent import monkey

monkey.patch_all()

import json
import threading

import gevent

from application.utils import offload
from application.utils.offload import TooBusyError, run_in_turn

begun, told = [], []
offload._TEXTS._count = 2
# The pool's own threads are no greenlets: they wait for a lock of the system.
go_on = monkey.get_original("threading", "Event")()


def work(name):
    begun.append(name)
    assert go_on.wait(20)
    return name


first = gevent.spawn(run_in_turn, "ada", work, "first of ada")
while not begun:
    gevent.sleep(0.01)
second = gevent.spawn(run_in_turn, "ada", work, "second of ada")
gevent.sleep(0)
other = gevent.spawn(run_in_turn, "alan", work, "of alan")
while len(begun) < 2:
    gevent.sleep(0.01)
told.append(list(begun))
offload.PATIENCE = 0.01
try:
    run_in_turn("ada", work, "third of ada")
except TooBusyError:
    told.append("too busy")
go_on.set()
told.append([one.get(timeout=20) for one in (first, second, other)])
print(json.dumps([told, len(offload._turns)]))
"""


def test_one_persons_work_waits_for_their_own_and_nobody_elses() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    told, turns = json.loads(run.stdout)
    assert told == [["first of ada", "of alan"], "too busy", ["first of ada", "second of ada", "of alan"]]
    assert turns == 0, "nobody's turn is remembered"
