"""One request to an authorization server or to the FHIR server before it, and the JSON object that it answers.

Nothing of what they say is repeated in messages: what stands there is read into types elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests

from fhir_coder.errors import EhrError, EhrRefused, LaunchFailed, LaunchRefused, LaunchUnavailable
from fhir_coder.outbound.attempt import NO_TOKEN, Answer, Call, attempt

Sessions = Callable[[], requests.Session]
"""Opens an HTTP session, which says where requests may lead."""
TIMEOUT_S = 10.0
"""A person waits for it."""
MAX_BYTES = 1024 * 1024
WHO = "the authorization server"


def ask(sessions: Sessions, call: Call, who: str = WHO) -> Answer:
    """One exchange in a session of its own: no cookie and no credential of another goes along, and a redirect is an answer.

    Raises LaunchUnavailable (nobody answers, 429, 5xx) or LaunchFailed (redirect, too large, not allowed to go there).
    """
    try:
        with sessions() as session:
            outcome = attempt(session, call, NO_TOKEN, TIMEOUT_S, who)
    except EhrError as error:
        outcome = error
    if isinstance(outcome, EhrError):
        raise _failure(outcome)
    if outcome.status == 429 or outcome.status >= 500:
        raise LaunchUnavailable(f"{who} answered {outcome.status}; try again later")
    if 300 <= outcome.status < 400:
        raise LaunchFailed(f"{who} redirects; redirects are not followed, configure the final address")
    if len(outcome.body) > MAX_BYTES:
        raise LaunchFailed(f"{who}'s answer is larger than {MAX_BYTES} bytes")
    return outcome


def read_object(answer: Answer) -> dict[str, Any]:
    """The JSON object of a body, or an empty one: a web page says nothing here."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _failure(error: EhrError) -> LaunchRefused:
    return LaunchFailed(error.message) if isinstance(error, EhrRefused) else LaunchUnavailable(error.message)
