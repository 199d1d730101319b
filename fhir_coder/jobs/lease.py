"""Saying, while a job is done, that somebody is at it: a thread beside the work that renews its lease until the work is through."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOG = logging.getLogger("fhir_coder.jobs")


@contextmanager
def renewing(renew: Callable[[], bool], every_s: float) -> Iterator[None]:
    """Renew while the block runs, until the job is no longer ours. A database that does not answer is asked again: what counts is the end of the job."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every_s):
            try:
                if not renew():
                    return
            except Exception as error:  # whatever the database says, the next time may go better
                _LOG.warning("a lease was not renewed: %s", type(error).__name__)

    thread = threading.Thread(target=go_on, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
