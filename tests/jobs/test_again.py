"""When a job is tried again: which errors may go better, and how long is waited."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from fhir_coder import errors
from fhir_coder.jobs.again import FIRST_WAIT_S, LONGEST_WAIT_S, is_worth_another_try, wait_s

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def now() -> datetime:
    return NOW


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (errors.EhrUnavailable("away"), True),
        (errors.Conflict("another writes"), True),
        (errors.NotRecorded("the audit is full"), True),
        (errors.WorkerLost("gone"), True),
        (errors.ConfigurationError("this worker has no such EHR"), True),
        (RuntimeError("a fault of ours"), True),
        (errors.Uncodable("no note"), False),
        (errors.Forbidden("not yours"), False),
        (errors.RequiredMissing("no patient"), False),
        (errors.JobGivenUp("enough"), False),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_what_may_go_better_is_tried_again(error: Exception, again: bool) -> None:
    assert is_worth_another_try(error) is again


@pytest.mark.parametrize("attempts", range(1, 15))
def test_waits_double_up_to_a_limit_and_differ(attempts: int) -> None:
    chance, most = random.Random(attempts), min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempts - 1))
    waits = [wait_s(attempts, errors.EhrUnavailable("away"), now, chance) for _ in range(200)]
    assert most / 2 <= min(waits) < 0.6 * most and 0.9 * most < max(waits) <= most
    assert len(set(waits)) > 100


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("120", 120, 120),
        ("Mon, 04 May 2026 12:03:00 GMT", 180, 180),
        ("86400", LONGEST_WAIT_S, LONGEST_WAIT_S),
        ("soon", 2.5, 5),
        ("1", 2.5, 5),
    ],
)
def test_what_the_ehr_asks_is_kept_within_the_longest_wait(asked: str, least: float, most: float) -> None:
    assert least <= wait_s(1, errors.EhrUnavailable("away", retry_after=asked), now, random.Random(1)) <= most
