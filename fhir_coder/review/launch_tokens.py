"""The token of a launch as the token for the EHR: what is read and written is what the person may read and write there."""

from __future__ import annotations

from http import HTTPStatus

from fhir_coder.errors import Conflict, EhrRefused, EhrUnavailable, FhirCoderError, LaunchUnavailable
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
        """The person's token. Raises EhrUnavailable when it cannot be renewed now, EhrRefused (as if the EHR had said 401) when the session is
        over: both are errors of the EHR, so that what was written before is still told."""
        try:
            launched = self._sessions.token(self._session_id, self._refused)
        except (LaunchUnavailable, Conflict) as error:
            raise EhrUnavailable(f"the token of the launch could not be renewed ({error.code}); try again") from error
        except FhirCoderError as error:
            raise _over(error.code) from error
        if launched is None:
            raise _over("the session has ended")
        return launched.access_token

    def forget(self, token: str) -> bool:
        """Have it renewed at the next call, once."""
        if self._has_renewed:
            return False
        self._refused, self._has_renewed = token, True
        return True


def _over(why: str) -> EhrRefused:
    return EhrRefused(f"your access to the EHR is over ({why}): launch this page again from the EHR", ehr_status=HTTPStatus.UNAUTHORIZED)
