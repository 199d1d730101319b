"""How many threads a process has, and how many connections to the database it may need for them: docs/deploying.md has the sum for a whole deployment."""

from __future__ import annotations

from fhir_coder.settings import Settings
from fhir_coder.store.pool import Pool

SPARE_THREADS = 2
"""Threads of a serving process that no operation occupies."""
SWEEPER = 1
"""The thread that sweeps the table of jobs."""


def request_threads(settings: Settings) -> int:
    """Threads of one serving process that answer requests."""
    return settings.threads + settings.waiting + SPARE_THREADS


def server_pool(settings: Settings) -> Pool:
    """Of a serving process: what codes, does jobs and answers health keeps its connection, what waits or renews a lease gets one for the moment."""
    kept = settings.threads + settings.job_threads + SPARE_THREADS
    return Pool(kept, settings.waiting + settings.job_threads + SWEEPER)


def session_pool(settings: Settings) -> Pool:
    """Of a serving process, for the sessions of people: each request asks for one moment."""
    return Pool(SPARE_THREADS, request_threads(settings) - SPARE_THREADS)


def worker_pool() -> Pool:
    """Of a process that does one job at a time: the job, its lease, and the sweeper in the parent."""
    return Pool(1, 1 + SWEEPER)
