"""What a failed request for a token means for the next: for a while nobody asks again, and longer the more often it failed in a row.

Every call for the EHR needs the token, so a dead authorization server would be asked, and waited for, by each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fhir_coder.ehr.retry import seconds_asked
from fhir_coder.errors import EhrError, EhrRefused

FIRST_PAUSE_S = 0.4
"""Shorter than the first wait of :class:`fhir_coder.ehr.retry.RetryPolicy`, as each further pause is shorter than its wait: the call that met the
failure does ask again when it tries again."""
LONGEST_PAUSE_S = 15.0
LONGEST_ASKED_S = 60.0
"""As long a Retry-After is heeded: a server that says "tomorrow" by mistake does not keep us away until then."""


@dataclass
class TokenFailure:
    """The last failure, and until when (by ``clock``, monotonic seconds) it stands for what would come of asking. ``now`` reads dates."""

    clock: Callable[[], float]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _error: EhrError | None = None
    _until: float = 0.0
    _in_a_row: int = 0

    def check(self) -> None:
        """Raise what the last request raised, while that is not long ago."""
        if self._error is not None and self.clock() < self._until:
            known = self._error
            raise type(known)(known.message, ehr_status=known.ehr_status, retry_after=known.retry_after)

    def note(self, error: EhrError) -> None:
        """Another request failed. A refusal will stand until somebody changes the registration; it is not soon tried again."""
        pause = LONGEST_PAUSE_S if isinstance(error, EhrRefused) else min(FIRST_PAUSE_S * 2**self._in_a_row, LONGEST_PAUSE_S)
        asked = min(seconds_asked(error.retry_after, self.now) or 0.0, LONGEST_ASKED_S)
        self._error, self._until, self._in_a_row = error, self.clock() + max(pause, asked), self._in_a_row + 1

    def clear(self) -> None:
        """A request succeeded."""
        self._error, self._in_a_row = None, 0
