"""When a job is tried again, and whether: what may go better next time waits longer after each try, and no two wait equally long."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from fhir_coder.ehr.retry import seconds_asked
from fhir_coder.errors import ConfigurationError, Conflict, EhrError, FhirCoderError, NotRecorded

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0


def is_worth_another_try(error: Exception) -> bool:
    """Whether the same call may end otherwise later: the EHR was away, another held the encounter, this process lacks what another has, or what failed is
    a fault of ours."""
    if isinstance(error, FhirCoderError):
        return error.is_retry_safe or isinstance(error, Conflict | NotRecorded | ConfigurationError)
    return True


def wait_s(attempts: int, error: Exception, now: Callable[[], datetime], chance: random.Random) -> float:
    """Seconds until the next try after ``attempts`` of them: doubled each time and drawn from the upper half of it, so that what failed together does
    not come back together; at least as long as the EHR asks, within the longest wait."""
    most = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** max(0, attempts - 1))
    asked = seconds_asked(error.retry_after, now) if isinstance(error, EhrError) else None
    return max(chance.uniform(most / 2, most), min(asked or 0.0, LONGEST_WAIT_S))
