"""When a failed exchange is tried again, and after how long.

Codes: 429, 502, 503 and 504 (RFC 9110 section 15.6, RFC 6585 section 4). A request that would do something twice if repeated, a plain
create, is repeated only after 429 and 503, with which the server says that it did not act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED = frozenset({429, 502, 503, 504})
NOT_ACTED = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` in all; waits double from ``first_wait_s``; a server that asks for more than ``longest_wait_s`` is not waited for, nor is one ``if_asked`` that
    does not say how long."""

    attempts: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    if_asked: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def wait(self, attempt: int, status: int, headers: Mapping[str, str], is_repeatable: bool) -> float | None:
        """Seconds to wait after the numbered attempt (from 1) ended in ``status``; None: give up.

        ``status`` 0 means that no answer came: only a repeatable request may then be sent again.
        """
        if attempt >= self.attempts or not (status in NOT_ACTED or (is_repeatable and (status in RETRIED or status == 0))):
            return None
        asked = seconds_asked(headers.get("Retry-After", ""), self.now)
        if asked is None:
            return None if self.if_asked else min(self.first_wait_s * 2 ** (attempt - 1), self.longest_wait_s)
        return asked if asked <= self.longest_wait_s else None


def seconds_asked(retry_after: str, now: Callable[[], datetime]) -> float | None:
    """Seconds, from either form of Retry-After (RFC 9110 section 10.2.3); None when absent or unreadable."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now().timestamp())
