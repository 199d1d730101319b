"""The token of a launch as the token for the EHR: what is read and written is what the person may read and write there."""

from __future__ import annotations

from fhir_coder.errors import EhrRefused, FhirCoderError
from fhir_coder.review.session_keeping import SessionKeeping


class LaunchTokens:
    """The tokens of one session (:class:`fhir_coder.ehr.access.AccessTokens`). A refused one is renewed once for each object."""

    missing_scopes: tuple[str, ...] = ()

    def __init__(self, sessions: SessionKeeping, session_id: str) -> None:
        self._sessions = sessions
        self._session_id = session_id
        self._refused = ""
        self._has_renewed = False

    def current(self, timeout_s: float) -> str:
        """The person's token. Raises EhrRefused when the session is over or its token cannot be renewed."""
        try:
            launched = self._sessions.token(self._session_id, self._refused)
        except FhirCoderError as error:
            raise EhrRefused(f"the token of the launch could not be renewed ({error.code}): launch again from the EHR") from error
        if launched is None:
            raise EhrRefused("the session is over: launch again from the EHR")
        return launched.access_token

    def forget(self, token: str) -> bool:
        """Have it renewed at the next call, once."""
        if self._has_renewed:
            return False
        self._refused, self._has_renewed = token, True
        return True


class FixedToken:
    """The token of a launch that has no session yet."""

    missing_scopes: tuple[str, ...] = ()

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self, timeout_s: float) -> str:
        """Always the same."""
        return self._token

    def forget(self, token: str) -> bool:
        """There is no other."""
        return False
