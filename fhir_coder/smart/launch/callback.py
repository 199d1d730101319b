"""What the browser brings back from the authorization server: a code, or a refusal. All of it is attacker's text until it is compared.

Sources: RFC 6749 sections 3.1 and 4.1.2, RFC 9207 section 2.4, OpenID Connect Core section 3.1.2.6.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from fhir_coder.errors import LaunchDenied, LaunchInvalid, LaunchRefused, LaunchUnavailable
from fhir_coder.smart.launch.exchange import WHO

_ERRORS = {
    "access_denied": "the person or the authorization server said no",
    "invalid_request": "check redirect_uri and the client's registration",
    "unauthorized_client": "the client must be registered for authorization_code",
    "unsupported_response_type": "the client must be registered for the response type code",
    "invalid_scope": "ask in scope for what the client is registered for",
    "invalid_target": "the configured base URL is not the one that the authorization server knows",
    "interaction_required": "sign in there first",
    "login_required": "sign in there first",
    "account_selection_required": "choose an account there first",
    "consent_required": "the person must agree there first",
}
_PASSING = ("server_error", "temporarily_unavailable")
_MAX_CODE = 4096
_MAX_DESCRIPTION = 200


def read_state(query: Mapping[str, Sequence[str]]) -> str:
    """The one ``state``, or empty."""
    return query["state"][0] if len(query.get("state", ())) == 1 else ""


def read_code(query: Mapping[str, Sequence[str]], state: str, issuer: str, names_itself: bool) -> str:
    """The code of an answer to the sign-in that had ``state``, from the server that is ``issuer``; ``names_itself``: its answers say so.

    Raises LaunchInvalid for an answer that is not this sign-in's, LaunchDenied or LaunchUnavailable for an error.
    """
    if any(len(values) != 1 for values in query.values()):
        raise LaunchInvalid("the answer of the authorization server has a parameter twice; start the sign-in again")
    given = {name: values[0] for name, values in query.items()}
    if not secrets.compare_digest(given.get("state", "").encode(errors="replace"), state.encode()):
        raise LaunchInvalid("this answer does not belong to a sign-in that was started here; start again")
    if ("iss" in given or names_itself) and given.get("iss") != issuer:
        raise LaunchInvalid("the answer is of another authorization server than the one that was asked; start the sign-in again")
    if "error" in given:
        raise _refusal(given["error"], given.get("error_description", ""))
    code = given.get("code", "")
    if not 0 < len(code) <= _MAX_CODE or not all(" " <= letter <= "~" for letter in code):
        raise LaunchInvalid("the answer of the authorization server has no code; start the sign-in again")
    return code


def _refusal(error: str, description: str) -> LaunchRefused:
    words = "".join(letter for letter in description if letter.isprintable())[:_MAX_DESCRIPTION]
    if error in _PASSING:
        return LaunchUnavailable(f"{WHO} answered {error}; try again later", oauth_error=error, description=words)
    if error in _ERRORS:
        return LaunchDenied(f"{WHO} answered {error}: {_ERRORS[error]}", oauth_error=error, description=words)
    return LaunchDenied(f"{WHO} refused the sign-in with an error that is not in its standard", description=words)
