"""Threads of the serving process: they look into the table and do its jobs, or tell the broker of them where there is one; one more keeps the table going.

They are started when the process first needs them and not before a fork: threads do not survive one. At the end of the process they begin nothing new;
what one of them leaves undone another process takes over when its lease is over.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger("fhir_coder.jobs")
GIVES_WAY_S = 5.0
"""How long a job waits at most for callers who wait themselves, so that a stream of them does not keep jobs away for ever."""
LOOKS_S = 1.0
"""How often an idle thread looks for jobs that another process took on."""
SWEEPS_S = 5.0


class JobThreads:
    """``do_next`` does one job, or what else is to be done when there are new ones, and says whether there may be another; ``sweep`` is one round of
    :class:`fhir_coder.jobs.sweeping.Sweeper`; ``count`` threads do jobs: none where other processes do all of them. ``is_waited_for``: whether callers wait
    for this process; no job is begun then, for a while."""

    def __init__(
        self,
        do_next: Callable[[], bool],
        sweep: Callable[[], None],
        count: int,
        is_waited_for: Callable[[], bool] = lambda: False,
        looks_s: float = LOOKS_S,
    ) -> None:
        self._is_waited_for = is_waited_for
        self._do_next = do_next
        self._sweep = sweep
        self._count = count
        self._looks_s = looks_s
        self._lock = threading.Lock()
        self._process = 0
        self._new = threading.Event()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def ensure(self) -> None:
        """Start the threads unless this process has them."""
        if self._process == os.getpid() or not self._count:
            return
        with self._lock:
            if self._process == os.getpid():
                return
            self._new, self._over = threading.Event(), threading.Event()
            named = [(f"jobs-{number}", self._work) for number in range(self._count)] + [("jobs-sweeping", self._keep_going)]
            self._threads = [threading.Thread(target=target, name=name, daemon=True) for name, target in named]
            for thread in self._threads:
                thread.start()
            self._process = os.getpid()

    def wake(self) -> None:
        """There is a new job."""
        self._new.set()

    def stop(self, longest_s: float = 0.0) -> None:
        """Begin nothing new, and wait so long for what is being done."""
        self._over.set()
        self._new.set()
        deadline = time.monotonic() + longest_s
        for thread in self._threads if self._process == os.getpid() else ():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        over, new = self._over, self._new
        while not over.is_set():
            new.clear()
            self._give_way()
            if over.is_set():  # while it gave way
                return
            try:
                if self._do_next():
                    continue
            except Exception as error:  # the database may be away for a while
                _LOG.warning("no job was taken up: %s", type(error).__name__)
                over.wait(self._looks_s)
            new.wait(self._looks_s)

    def _give_way(self) -> None:
        deadline = time.monotonic() + GIVES_WAY_S
        while self._is_waited_for() and time.monotonic() < deadline and not self._over.wait(0.05):
            pass

    def _keep_going(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            self._sweep()
            self._over.wait(max(0.0, SWEEPS_S - (time.monotonic() - began)))
