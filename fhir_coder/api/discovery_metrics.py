"""Metrics of discovery: rounds, ways, looks, messages and dropped files, by tenant and EHR. Both are ids of the configuration; nothing of a visit is a label.

As :mod:`fhir_coder.api.metrics`, it imports prometheus_client when metrics are made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from fhir_coder.discovery.round import Report

_PLACE = ("tenant", "ehr")


class DiscoveryMetrics:
    """Of a process that finds encounters; ``clock`` tells seconds that only grow."""

    def __init__(self, registry: Any, clock: Callable[[], float] = time.monotonic) -> None:
        from prometheus_client import Counter

        def counter(name: str, says: str, *labels: str) -> Any:
            return Counter(f"fhir_coder_discovery_{name}", says, labels, registry=registry)

        self._clock = clock
        self._lock = threading.Lock()
        self._good: dict[tuple[str, str], float] = {}
        self._rounds = counter("rounds", "Rounds of discovery, by how they ended.", *_PLACE, "end")
        self._ways = counter("ways", "Ways that were tried in a round, by how that ended.", *_PLACE, "way", "end")
        self._found = counter("found", "Encounters that a way found new, changed or named.", *_PLACE, "way")
        self._looks = counter("looks", "Encounters looked at, by how that ended.", *_PLACE, "end")
        self._jobs = counter("jobs", "Jobs taken on, for what is new and for what was coded and has changed.", *_PLACE, "cause")
        self._withdrawn = counter("withdrawn", "Encounters whose reviews were held, as what was coded was withdrawn.", *_PLACE)
        self._holds = counter("holds", "Times that an EHR was begun to be left alone, because it throttles or fails.", *_PLACE)
        self._files = counter("files", "Dropped files.", *_PLACE, "end")
        self._messages = counter("messages", "Messages of HL7 v2, by their answer and its error.", "answer", "error")
        self._connections = counter("connections", "Connections of senders of HL7 v2, by how they ended.", "end")

    def begin(self, tenant: str, ehr: str) -> None:
        """An EHR whose encounters are found from now on: until its first good round the age of that is ours."""
        with self._lock:
            self._good.setdefault((tenant, ehr), self._clock())

    def count_round(self, tenant: str, ehr: str, report: Report) -> None:
        """A round that came to its end."""
        place = (tenant, ehr)
        self._rounds.labels(*place, report.end).inc()
        for one in report.ways:
            self._ways.labels(*place, one.way, one.end).inc()
            self._found.labels(*place, one.way).inc(one.found)
        self._looks.labels(*place, "done").inc(report.looked)
        self._looks.labels(*place, "failed").inc(report.failed)
        self._jobs.labels(*place, "new").inc(report.taken - report.reopened)
        self._jobs.labels(*place, "changed").inc(report.reopened)
        self._withdrawn.labels(*place).inc(report.withdrawn)
        self._holds.labels(*place).inc(report.is_throttled)
        self._files.labels(*place, "taken").inc(report.files)
        self._files.labels(*place, "refused").inc(report.files_refused)
        if report.is_good:
            with self._lock:
                self._good[place] = self._clock()

    def count_failed_round(self, tenant: str, ehr: str) -> None:
        """A round that broke off: the database was away, say."""
        self._rounds.labels(tenant, ehr, "failed").inc()

    def count_message(self, answer: str, error: str) -> None:
        """A message that was answered: AA, AE or AR, and the code of table 0357, ``full`` or empty."""
        self._messages.labels(answer, error).inc()

    def count_connection(self, end: str) -> None:
        """A connection that ended, in a word."""
        self._connections.labels(end).inc()

    def collect(self) -> Iterator[Any]:
        """As a collector of prometheus_client: how long ago the last good round was."""
        from prometheus_client.core import GaugeMetricFamily

        if not self._good:
            return
        said = "Seconds since the last round in which every way was tried and none failed."
        ages = GaugeMetricFamily("fhir_coder_discovery_last_good_round_seconds", said, labels=_PLACE)
        with self._lock:
            for place, moment in sorted(self._good.items()):
                ages.add_metric(place, self._clock() - moment)
        yield ages

    def describe(self) -> Iterator[Any]:
        """Nothing: names are not checked before there is an EHR."""
        return iter(())
