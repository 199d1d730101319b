"""A worker: Celery's processes over one engine, which is loaded once and shared by a fork, as the server's workers share theirs."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir_coder.broker.messages import TASK
from fhir_coder.long_lived import keep_for_good

SWEEPS_S = 5.0
_LOG = logging.getLogger("fhir_coder.jobs")


@dataclass(frozen=True, slots=True)
class Parts:
    """``do`` does the job of an id, ``hand_out`` tells the broker of what is due, ``sweep`` does that and more; ``after_fork`` leaves what belongs to the
    parent, ``is_ready`` is called in the parent once jobs are taken."""

    do: Callable[[str], bool]
    hand_out: Callable[[], None]
    sweep: Callable[[], None]
    after_fork: Callable[[], None]
    is_ready: Callable[[], None] = lambda: None


def serve(app: Any, parts: Parts, processes: int, log_level: str, sweeps_s: float = SWEEPS_S) -> None:
    """Do jobs until the process is told to end (TERM): those that are begun are done first, for what is not the broker gives the next worker the
    message."""
    from celery import signals

    def do_job(job_id: str) -> None:
        try:
            parts.do(job_id)
        except Exception as error:  # the database may be away: the job waits again when its lease is over
            _LOG.warning("a job was left: %s", type(error).__name__)
        parts.hand_out()  # there is room for another job of its tenant

    app.task(name=TASK)(do_job)
    sweeping = _Sweeping(parts.sweep, sweeps_s)
    connected = (
        (signals.worker_process_init, lambda **_: parts.after_fork()),
        (signals.worker_ready, lambda **_: sweeping.start()),
        (signals.worker_ready, lambda **_: parts.is_ready()),
        (signals.worker_shutting_down, lambda **_: sweeping.stop()),
        (signals.setup_logging, lambda **_: _let_the_pool_log()),  # the rest of it is set up already
    )
    for signal, act in connected:
        signal.connect(act, weak=False)
    logging.captureWarnings(True)
    keep_for_good()
    worker = _silent(app)(
        hostname=f"fhir-coder-{os.getpid()}@{socket.gethostname()}",
        concurrency=processes,
        pool="prefork",
        loglevel=log_level,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()


def _let_the_pool_log() -> None:
    """What the library of Celery's processes says, of one that was killed for instance, goes to the one log: it would print it bare."""
    from billiard.util import get_logger

    logger = get_logger()
    logger.propagate = True
    logger.setLevel(logging.WARNING)


def _silent(app: Any) -> Any:
    """Celery's worker without the lines that it prints beside the log: its banner (``quiet``), and a word at TERM."""
    from celery.apps.worker import install_worker_term_handler

    class Silent(app.Worker):  # type: ignore[misc]
        def install_platform_tweaks(self, worker: Any) -> None:
            super().install_platform_tweaks(worker)
            install_worker_term_handler(worker, verbose=False)

    return Silent


class _Sweeping:
    """A thread of the parent that sweeps from time to time."""

    def __init__(self, sweep: Callable[[], None], every_s: float) -> None:
        self._sweep = sweep
        self._every_s = every_s
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._go_on, name="jobs-sweeping", daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _go_on(self) -> None:
        while not self._over.is_set():
            self._sweep()
            self._over.wait(self._every_s)
