"""When a failed exchange is tried again."""

from datetime import UTC, datetime

import pytest

from fhir_coder.ehr.retry import RetryPolicy

POLICY = RetryPolicy(now=lambda: datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("attempt", "status", "retry_after", "is_repeatable", "wait"),
    [
        (1, 503, "", True, 0.5),
        (2, 503, "", True, 1.0),
        (3, 503, "", True, 2.0),
        (4, 503, "", True, None),
        (1, 429, "7", True, 7.0),
        (1, 429, "Fri, 01 May 2026 12:00:09 GMT", True, 9.0),
        (1, 429, "Fri, 01 May 2026 11:00:00 GMT", True, 0.0),
        (1, 429, "soon", True, 0.5),
        (1, 429, "3600", True, None),
        (1, 502, "", True, 0.5),
        (1, 504, "", True, 0.5),
        (1, 0, "", True, 0.5),
        (1, 500, "", True, None),
        (1, 404, "", True, None),
        (1, 429, "", False, 0.5),
        (1, 503, "", False, 0.5),
        (1, 502, "", False, None),
        (1, 504, "", False, None),
        (1, 0, "", False, None),
    ],
)
def test_wait(attempt: int, status: int, retry_after: str, is_repeatable: bool, wait: float | None) -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}
    assert POLICY.wait(attempt, status, headers, is_repeatable) == wait
