"""One at a time for one encounter: threads, processes, and no longer than a while."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from fhir_coder.errors import Conflict
from fhir_coder.store.engine import open_engine
from fhir_coder.store.exclusive import exclusively, open_lock_engine
from fhir_coder.store.start import open_stores

HOLDER = (
    "import sys, time; from fhir_coder.store.engine import open_engine; from fhir_coder.store.exclusive import exclusively\n"
    "with exclusively(open_engine(sys.argv[1]), 'default main e1'): print('held', flush=True); time.sleep(60)"
)


def test_threads_take_turns(database_url: str) -> None:
    engine = open_engine(database_url)
    inside, most = 0, 0
    guard = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with exclusively(engine, "default main e1"):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    engine.dispose()
    assert (inside, most) == (0, 1)


def test_another_encounter_is_not_waited_for_and_the_same_not_for_ever(database_url: str) -> None:
    engine = open_engine(database_url)
    with exclusively(engine, "default main e1"):
        with exclusively(engine, "default main e2", longest_wait_s=0):
            pass
        with pytest.raises(Conflict), exclusively(engine, "default main e1", longest_wait_s=0.1):
            pass
    with exclusively(engine, "default main e1", longest_wait_s=0):
        pass
    engine.dispose()


def test_a_lock_ends_with_the_process_that_holds_it(database_url: str) -> None:
    engine = open_engine(database_url)
    with subprocess.Popen([sys.executable, "-c", HOLDER, database_url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Conflict), exclusively(engine, "default main e1", longest_wait_s=0.1):
            pass
        holder.kill()
    with exclusively(engine, "default main e1", longest_wait_s=10):
        pass
    engine.dispose()


def test_an_error_inside_gives_the_lock_back(database_url: str) -> None:
    engine = open_engine(database_url)
    with pytest.raises(ZeroDivisionError), exclusively(engine, "default main e1"):
        _ = 1 / 0
    with exclusively(engine, "default main e1", longest_wait_s=0):
        pass
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("encounters", [20, 4, 1])
def test_twenty_who_hold_or_wait_leave_the_store_its_connections(database_url: str, encounters: int) -> None:
    """That is more than its pool has: each needs one under its lock. As many as there are encounters hold theirs together, the others wait."""
    store, holding = open_stores(database_url, "").repository, threading.Barrier(encounters)

    def work(number: int) -> int:
        with store.exclusively("default", "main", f"e{number % encounters}"):
            holding.wait(20)
            store.ping()
        return number

    with ThreadPoolExecutor(20) as pool:
        start = time.monotonic()
        assert list(pool.map(work, range(20), timeout=25)) == list(range(20))
    store.close()
    assert time.monotonic() - start < 15


_END_HOLDERS = """SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""Ends the connections that hold an advisory lock in this database. ``pg_locks`` shows those of every database of the server, and other tests work in them."""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lock_that_cannot_be_given_back_loses_no_result(database_url: str) -> None:
    engine = open_engine(database_url)
    locks = open_lock_engine(engine)

    def work() -> str:
        with exclusively(locks, "default main e1"):
            with engine.connect() as other:
                other.execute(text(_END_HOLDERS))
            return "done"

    assert work() == "done"
    with exclusively(locks, "default main e1", longest_wait_s=5):
        pass
    engine.dispose()
