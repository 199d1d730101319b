"""The threads that do jobs where there is no broker: started when needed, woken, ended, and anew after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fhir_coder.jobs.threads import JobThreads
from tests.jobs.stage import wait_until


class Jobs:
    """So many jobs, each of which takes as long as a test lets it."""

    def __init__(self, count: int = 0) -> None:
        self.waiting, self.done, self.looked, self.swept = count, 0, 0, 0
        self.errors: list[Exception] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.begun = threading.Semaphore(0)
        self._lock = threading.Lock()

    def do_next(self) -> bool:
        with self._lock:
            self.looked += 1
            if self.errors:
                raise self.errors.pop()
            if not self.waiting:
                return False
            self.waiting -= 1
        self.begun.release()
        self.go_on.wait(30)
        with self._lock:
            self.done += 1
        return True

    def sweep(self) -> None:
        self.swept += 1


@pytest.fixture
def make() -> Iterator[Callable[..., JobThreads]]:
    made: list[JobThreads] = []

    def threads(jobs: Jobs, count: int = 2, looks_s: float = 60.0, is_waited_for: Callable[[], bool] = lambda: False) -> JobThreads:
        made.append(JobThreads(jobs.do_next, jobs.sweep, count, is_waited_for, looks_s))
        return made[-1]

    yield threads
    for one in made:
        one.stop(5)


def test_what_waits_is_done_and_swept(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs(20)
    threads = make(jobs)
    assert jobs.looked == 0, "nothing before it is needed"
    threads.ensure()
    wait_until(lambda: jobs.done == 20 and jobs.swept >= 1)
    before = threading.active_count()
    threads.ensure()
    assert threading.active_count() == before


def test_none_where_others_do_all(make: Callable[..., JobThreads]) -> None:
    jobs, before = Jobs(1), threading.active_count()
    threads = make(jobs, 0)
    threads.ensure()
    threads.stop(1)
    assert threading.active_count() == before and jobs.looked == jobs.swept == 0


def test_a_new_job_is_begun_at_once(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs()
    threads = make(jobs)
    threads.ensure()
    wait_until(lambda: jobs.looked >= 2)
    jobs.waiting = 1
    threads.wake()
    wait_until(lambda: jobs.done == 1, 5)


def test_no_job_is_begun_while_callers_wait(make: Callable[..., JobThreads]) -> None:
    jobs, callers = Jobs(1), [1]
    make(jobs, is_waited_for=lambda: bool(callers)).ensure()
    time.sleep(0.2)
    assert jobs.looked == 0
    callers.clear()
    wait_until(lambda: jobs.done == 1)


def test_the_end_comes_also_while_callers_wait(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs(1)
    threads = make(jobs, is_waited_for=lambda: True)
    threads.ensure()
    began = time.monotonic()
    threads.stop(20)
    assert time.monotonic() - began < 4 and jobs.waiting == 1


def test_jobs_of_others_are_looked_for(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs()
    make(jobs, looks_s=0.02).ensure()
    wait_until(lambda: jobs.looked > 5)
    jobs.waiting = 1
    wait_until(lambda: jobs.done == 1)


def test_a_database_that_is_away_ends_no_thread(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs(3)
    jobs.errors = [OSError("away")] * 4
    make(jobs, looks_s=0.02).ensure()
    wait_until(lambda: jobs.done == 3)


def test_at_the_end_what_is_begun_is_done_and_nothing_else_is_begun(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs(5)
    jobs.go_on.clear()
    threads = make(jobs)
    threads.ensure()
    assert jobs.begun.acquire(timeout=10) and jobs.begun.acquire(timeout=10)
    ending = threading.Thread(target=threads.stop, args=(20,))
    ending.start()
    time.sleep(0.05)
    assert ending.is_alive(), "it waits for what is being done"
    jobs.go_on.set()
    ending.join(10)
    assert not ending.is_alive() and (jobs.done, jobs.waiting) == (2, 3)
    threads.ensure()
    time.sleep(0.05)
    assert jobs.waiting == 3, "a process that ends begins nothing again"


def test_the_end_does_not_wait_longer_than_it_may(make: Callable[..., JobThreads]) -> None:
    jobs = Jobs(1)
    jobs.go_on.clear()
    threads = make(jobs, 1)
    threads.ensure()
    assert jobs.begun.acquire(timeout=10)
    began = time.monotonic()
    threads.stop(0.1)
    assert time.monotonic() - began < 5
    jobs.go_on.set()


FORK = """
import os, sys, threading, time
from fhir_coder.jobs.threads import JobThreads
done = []
def do_next():
    if len(done) < 3:
        done.append(os.getpid())
        return True
    return False
threads = JobThreads(do_next, lambda: None, 2, looks_s=0.02)
threads.ensure()
while len(done) < 3:
    time.sleep(0.01)
if os.fork() == 0:
    done.clear()
    threads.stop(1)       # of the parent's threads there is none here
    threads.ensure()
    deadline = time.monotonic() + 20
    while len(done) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    os._exit(0 if done == [os.getpid()] * 3 else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], timeout=60, check=False).returncode == 0
