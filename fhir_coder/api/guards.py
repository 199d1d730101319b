"""What every entrance of a worker shares, whichever blueprint answers: the metrics, room for requests, the counters of calls, the audit."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.api.concurrency import Room
from fhir_coder.api.metrics import Metrics
from fhir_coder.audit.entry import Auditor, no_audit
from fhir_coder.settings import Settings
from fhir_coder.throttle.rates import Counters, Rates, Throttle


@dataclass(frozen=True, slots=True)
class Guards:
    """Make it with :meth:`of`. ``throttle`` is None where nothing is limited by rate."""

    metrics: Metrics
    room: Room
    throttle: Throttle | None
    auditor: Auditor

    @classmethod
    def of(cls, settings: Settings, counters: Counters | None = None, auditor: Auditor = no_audit) -> Guards:
        """``counters`` count calls where all workers see them; without them nothing is limited by rate. ``auditor`` keeps who called and what became of it."""
        metrics, rates = Metrics(), Rates(settings.rate_limit, settings.failure_limit)
        throttle = Throttle(counters, rates, metrics.count_uncounted) if counters else None
        return cls(metrics, Room(settings.threads, settings.waiting), throttle, auditor)
