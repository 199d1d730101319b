"""Prometheus metrics: requests, durations, dispositions. Labels are route templates, never paths or words."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client itself: the folder that worker processes share."""


class Metrics:
    """The metrics of one application, in a registry of its own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("fhir_coder_requests", "HTTP requests.", ("method", "route", "status"), registry=self._registry)
        self._seconds = Histogram("fhir_coder_request_seconds", "Seconds to answer a request.", ("route",), registry=self._registry)
        self._dispositions = Counter("fhir_coder_dispositions", "Encounters coded.", ("disposition",), registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_disposition(self, disposition: str) -> None:
        """One coded encounter, pass or review."""
        self._dispositions.labels(disposition).inc()

    def exposition(self) -> bytes:
        """The text of ``/metrics``: of all worker processes where they share a folder, else of this one."""
        if not os.environ.get(MULTIPROCESS_VARIABLE):
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        return generate_latest(registry)
