"""What an authorization server's answer says: a token with its time and scope, or an error of ours that tells what to do.

Nothing of the server's own words is repeated, only the error codes of RFC 6749 section 5.2 and the names of scopes that we asked for. Source of
the members: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from fhir_coder.errors import EhrError, EhrRefused, EhrUnavailable
from fhir_coder.outbound.attempt import Answer

WHO = "the EHR's authorization server"
_ADVICE = {
    "invalid_client": "check client_id, kid and jku, that our public key is registered there, and that the clocks agree",
    "invalid_scope": "ask in scope for what the client is registered for",
    "unauthorized_client": "the client must be registered for client_credentials",
    "unsupported_grant_type": "it does not offer SMART Backend Services; configure a static token",
    "invalid_request": "check token_url and scope",
    "invalid_grant": "check that our public key is registered there, and that the clocks agree",
}
"""What a site can do about each error."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, for how many seconds it is good, and the scopes that it carries."""

    token: str = field(repr=False)
    lasts_s: float
    scope: str


def read_grant(answer: Answer, asked: str) -> Grant:
    """The grant in an answer of the token endpoint; one that names no scope granted what was ``asked`` (RFC 6749 section 5.1).

    Raises EhrUnavailable for 429 and 5xx, EhrRefused for everything else that is no grant.
    """
    body = _object(answer)
    if answer.status != 200:
        raise _failure(answer, body)
    token, kind, scope = body.get("access_token"), body.get("token_type"), body.get("scope", asked)
    if not (isinstance(token, str) and token and all("!" <= letter <= "~" for letter in token)):
        raise _refused(answer, "gave no access_token")
    if not (isinstance(kind, str) and kind.lower() == "bearer"):
        raise _refused(answer, "gave a token whose token_type is not Bearer")
    return Grant(token, _seconds(answer, body.get("expires_in")), scope if isinstance(scope, str) else asked)


def read_token_url(answer: Answer) -> str:
    """``token_endpoint`` of a SMART configuration, as it stands there. Raises an EhrError."""
    where = "configure token_url"
    if answer.status == 429 or answer.status >= 500:
        raise _unavailable(answer, f"the EHR answered {answer.status} to read its SMART configuration")
    url = _object(answer).get("token_endpoint")
    if answer.status != 200 or not isinstance(url, str):
        raise EhrRefused(f"the EHR's SMART configuration names no token_endpoint ({answer.status}); {where}", ehr_status=answer.status)
    return url


def _seconds(answer: Answer, expires_in: object) -> float:
    """Some servers write the number as text."""
    try:
        seconds = float(expires_in) if isinstance(expires_in, int | float | str) and not isinstance(expires_in, bool) else 0.0
    except ValueError:
        seconds = 0.0
    if not (math.isfinite(seconds) and seconds > 0):
        raise _refused(answer, "does not say in expires_in how long its token lasts")
    return seconds


def _failure(answer: Answer, body: dict[str, Any]) -> EhrError:
    if answer.status == 429 or answer.status >= 500:
        return _unavailable(answer, f"{WHO} answered {answer.status}")
    if 300 <= answer.status < 400:
        return _refused(answer, "redirects; redirects are not followed, configure the final address as token_url")
    code = body.get("error")
    if isinstance(code, str) and code in _ADVICE:
        return _refused(answer, f"refuses us with {code}: {_ADVICE[code]}")
    return _refused(answer, f"answered {answer.status} and gave no token; check token_url and client_id")


def _unavailable(answer: Answer, what: str) -> EhrUnavailable:
    return EhrUnavailable(what, ehr_status=answer.status, retry_after=answer.headers.get("Retry-After", ""))


def _refused(answer: Answer, what: str) -> EhrRefused:
    return EhrRefused(f"{WHO} {what}", ehr_status=answer.status)


def _object(answer: Answer) -> dict[str, Any]:
    """The JSON object of a body, or an empty one."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
