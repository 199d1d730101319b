"""What a token endpoint answers: tokens and launch context, or an error of ours that tells what to do.

Sources: RFC 6749 sections 5.1 and 5.2, https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_coder.errors import LaunchFailed, LaunchRefused
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.outbound.attempt import Answer
from fhir_coder.smart.launch.exchange import WHO, read_object

UNTOLD_LASTS_S = 300.0
"""How long a token is taken to last whose server does not say: short, for a refresh costs little."""
INVALID_GRANT = "invalid_grant"
_ADVICE = {
    "invalid_request": "check redirect_uri and the client's registration",
    "invalid_client": "check client_id, auth, secret_file or key, and that the clocks agree",
    "unauthorized_client": "the client must be registered for authorization_code",
    "unsupported_grant_type": "the client must be registered for authorization_code",
    "invalid_scope": "ask in scope for what the client is registered for",
}
_MAX_TOKEN = 64 * 1024
_MAX_INTENT = 200


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Tokens as they came; ``scope``, ``refresh_token`` and ``id_token`` None where the answer does not say. ``members``: the whole answer."""

    access_token: str = field(repr=False)
    lasts_s: float
    scope: str | None
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    members: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """What the EHR says the person looks at. ``patient`` and ``encounter`` are ids or empty."""

    patient: str = ""
    encounter: str = ""
    fhir_context: tuple[Mapping[str, Any], ...] = ()
    need_patient_banner: bool = True
    intent: str = ""


def read_tokens(answer: Answer, invalid_grant: LaunchRefused) -> TokenAnswer:
    """The tokens. Raises ``invalid_grant`` for that error, LaunchFailed for everything else that is no token."""
    body = read_object(answer)
    if answer.status != 200:
        raise _failure(answer.status, body.get("error"), invalid_grant)
    token, kind = body.get("access_token"), body.get("token_type")
    if not _is_token(token):
        raise LaunchFailed(f"{WHO} gave no access_token")
    if not (isinstance(kind, str) and kind.lower() == "bearer"):
        raise LaunchFailed(f"{WHO} gave a token whose token_type is not Bearer")
    for name in ("scope", "refresh_token", "id_token"):
        if name in body and not (isinstance(body[name], str) and len(body[name]) <= _MAX_TOKEN):
            raise LaunchFailed(f"{WHO} gave a {name} that is no text")
    lasts_s = _seconds(body.get("expires_in"))
    return TokenAnswer(str(token), lasts_s, body.get("scope"), body.get("refresh_token") or None, body.get("id_token"), body)


def read_context(members: Mapping[str, Any]) -> LaunchContext:
    """The launch context of a token answer. Raises LaunchFailed for an id that is none: half a context would be another patient's.

    Without a word on ``need_patient_banner`` the banner is shown. Entries of ``fhirContext`` that are no objects are passed over.
    """
    entries = members.get("fhirContext")
    intent = members.get("intent")
    return LaunchContext(
        _id(members, "patient", "Patient"),
        _id(members, "encounter", "Encounter"),
        tuple(one for one in entries if isinstance(one, dict)) if isinstance(entries, list) else (),
        members.get("need_patient_banner") is not False,
        "".join(letter for letter in intent if letter.isprintable())[:_MAX_INTENT] if isinstance(intent, str) else "",
    )


def _id(members: Mapping[str, Any], name: str, kind: str) -> str:
    """A bare id; some servers write a reference."""
    value = members.get(name)
    if value is None:
        return ""
    bare = value.removeprefix(f"{kind}/") if isinstance(value, str) else ""
    if not FHIR_ID.fullmatch(bare):
        raise LaunchFailed(f"the launch context names a {name} that is no FHIR id")
    return bare


def _seconds(expires_in: object) -> float:
    """Some servers write the number as text."""
    try:
        seconds = float(expires_in) if isinstance(expires_in, int | float | str) and not isinstance(expires_in, bool) else UNTOLD_LASTS_S
    except (ValueError, OverflowError):
        seconds = UNTOLD_LASTS_S
    return seconds if math.isfinite(seconds) and seconds > 0 else UNTOLD_LASTS_S


def _failure(status: int, error: object, invalid_grant: LaunchRefused) -> LaunchRefused:
    if error == INVALID_GRANT:
        return invalid_grant
    if isinstance(error, str) and error in _ADVICE:
        return LaunchFailed(f"{WHO} refuses us with {error}: {_ADVICE[error]}", oauth_error=error)
    return LaunchFailed(f"{WHO} answered {status} and gave no token; check token_endpoint and client_id")


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN and all("!" <= letter <= "~" for letter in value)
