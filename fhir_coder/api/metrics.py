"""Prometheus metrics: requests, stages, dispositions, writes, checks, jobs, errors of EHRs, discovery. Labels are route templates, never paths or words.

prometheus_client decides when it is first imported whether workers share a folder, so it is imported when metrics are made and not with
this module: the command line loads this module before the server names the folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from fhir_coder.api.discovery_metrics import DiscoveryMetrics
from fhir_coder.exchange import CodingResult
from fhir_coder.stages import Stage

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client itself: the folder that worker processes share."""
STAGE_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""From the edits on a short note to an EHR that takes its time."""


class Metrics:
    """The metrics of one application, in a registry of its own; ``clock`` tells seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram

        self.content_type = CONTENT_TYPE_LATEST
        self._registry = CollectorRegistry()
        self._requests = Counter("fhir_coder_requests", "HTTP requests.", ("method", "route", "status"), registry=self._registry)
        self._seconds = Histogram("fhir_coder_request_seconds", "Seconds to answer a request.", ("route",), registry=self._registry)
        self._dispositions = Counter("fhir_coder_dispositions", "Encounters coded.", ("disposition",), registry=self._registry)
        self._writes = Counter("fhir_coder_writes", "Resources in receipts.", ("status",), registry=self._registry)
        self._checks = Counter("fhir_coder_checks", "Claims checked.", ("gravest",), registry=self._registry)
        self._jobs = Counter("fhir_coder_job_tries", "Tries of jobs, by how they ended.", ("end",), registry=self._registry)
        self._stages = Histogram(
            "fhir_coder_stage_seconds", "Seconds of a stage of coding.", ("stage",), registry=self._registry, buckets=STAGE_BUCKETS_S
        )
        self._ehr_errors = Counter("fhir_coder_ehr_errors", "Calls of EHRs that failed.", ("ehr", "kind"), registry=self._registry)
        self._backlogs: tuple[Backlogs, ...] = ()
        self._uncounted = Counter("fhir_coder_uncounted_calls", "Calls that no rate limit counted.", registry=self._registry)
        self.discovery = DiscoveryMetrics(self._registry, clock)

    def count_uncounted(self) -> None:
        """One call that was let in without being counted, because the counters could not be reached."""
        self._uncounted.inc()

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_disposition(self, disposition: str) -> None:
        """One coded encounter, pass or review."""
        self._dispositions.labels(disposition).inc()

    def count_writes(self, receipt: Mapping[str, Any] | None) -> None:
        """The entries of a receipt by the three digits of their status."""
        for entry in (receipt or {}).get("entry", ()):
            self._writes.labels(entry["response"]["status"][:3]).inc()

    def count_result(self, result: CodingResult) -> None:
        """A coded encounter, and what was written of it."""
        self.count_disposition(result.disposition.outcome.value)
        self.count_writes(result.receipt)

    def count_job(self, end: str) -> None:
        """One try of a job, by how it ended."""
        self._jobs.labels(end).inc()

    def stage(self, stage: Stage) -> AbstractContextManager[Any]:
        """What a stage runs in, to be timed: an :data:`fhir_coder.stages.Observe`."""
        timer: AbstractContextManager[Any] = self._stages.labels(stage.value).time()
        return timer

    def count_ehr_error(self, ehr: str, kind: str) -> None:
        """One call of the EHR of that id that failed, tried again or not."""
        self._ehr_errors.labels(ehr, kind).inc()

    def watch(self, backlog: Callable[[], Iterable[tuple[str, int, int]]]) -> None:
        """Ask at each scrape how many jobs stand in which state and how old the oldest of them is, in seconds."""
        self._backlogs = (*self._backlogs, Backlogs(backlog))

    def count_check(self, gravest: str) -> None:
        """One checked claim by the severity of its gravest finding, or ``none``."""
        self._checks.labels(gravest).inc()

    def exposition(self) -> bytes:
        """The text of ``/metrics``: of all worker processes where they share a folder, else of this one."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        is_shared = bool(os.environ.get(MULTIPROCESS_VARIABLE))
        registry = CollectorRegistry()
        if is_shared:
            MultiProcessCollector(registry)
        for backlog in self._backlogs:
            registry.register(backlog)
        registry.register(self.discovery)
        return generate_latest(registry) if is_shared else generate_latest(self._registry) + generate_latest(registry)


class Backlogs:
    """A collector of prometheus_client: what stands in the table of jobs at the moment of a scrape, the same whichever worker answers."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, int, int]]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Any]:
        """Two gauges by state; none while the store does not answer."""
        from prometheus_client.core import GaugeMetricFamily

        jobs = GaugeMetricFamily("fhir_coder_jobs", "Jobs that wait, are being done, or were given up.", labels=["state"])
        oldest = GaugeMetricFamily("fhir_coder_oldest_job_seconds", "Age of the oldest of them.", labels=["state"])
        try:
            found = tuple(self._read())
        except Exception:  # a scrape tells what can be told
            return
        for state, count, seconds in found:
            jobs.add_metric([state], count)
            oldest.add_metric([state], seconds)
        yield jobs
        yield oldest

    def describe(self) -> Iterator[Any]:
        """Nothing: names are not checked before the store is there."""
        return iter(())
