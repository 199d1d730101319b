"""A call of a service and a feedback, read from their JSON (https://cds-hooks.hl7.org/2.0/#calling-a-cds-service, #feedback).

Of the call only ids and the name of the FHIR server are taken. ``fhirAuthorization`` is a token of the EHR: it is not looked into, not kept
and not sent anywhere, and ``prefetch`` is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.cds_hooks.services import Service
from fhir_coder.errors import InvalidContent, RequiredMissing, UnreadableBody
from fhir_coder.fhir_id import FHIR_ID

_USER = re.compile(r"(?:(?:Practitioner|PractitionerRole|Patient|RelatedPerson)/)?[A-Za-z0-9\-.]{1,64}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
OUTCOMES = ("accepted", "overridden")
MOST_FEEDBACK = 50
"""Feedbacks in one message; a card of ours has nothing to accept, so that there is at most one for each."""


@dataclass(frozen=True, slots=True)
class HookCall:
    """Who asks about whom: bare ids; ``encounter_id`` and ``fhir_server`` may be empty."""

    hook_instance: str
    user: str
    patient_id: str
    encounter_id: str
    fhir_server: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of one card (its ``uuid``): accepted or overridden. A user's comment is not taken: it may be about the patient."""

    card: str
    outcome: str


def read_call(body: Any, service: Service) -> HookCall:
    """The call of a service. Raises UnreadableBody, RequiredMissing or InvalidContent, naming the member and never its value."""
    call = _object(body, "the body")
    if _text(call, "hook") != service.hook:
        raise InvalidContent("hook is not the one of this service", expression=("hook",))
    instance = _text(call, "hookInstance")
    if not _UUID.fullmatch(instance):
        raise InvalidContent("hookInstance is no UUID", expression=("hookInstance",))
    if call.get("context") is None:
        raise RequiredMissing("context is required", expression=("context",))
    context = _object(call["context"], "context")
    server = _text(call, "fhirServer", is_required=False)
    if call.get("fhirAuthorization") is not None and not server:
        raise RequiredMissing("fhirAuthorization needs fhirServer", expression=("fhirServer",))
    return HookCall(
        instance,
        _matching(context, "userId", _USER, is_required=True),
        _matching(context, "patientId", FHIR_ID, is_required=True),
        _matching(context, "encounterId", FHIR_ID, is_required=service.needs_encounter),
        server,
    )


def read_feedback(body: Any) -> tuple[Feedback, ...]:
    """The outcomes in a feedback message. Raises as :func:`read_call`."""
    rows = _object(body, "the body").get("feedback")
    if not isinstance(rows, list) or not rows or len(rows) > MOST_FEEDBACK:
        raise InvalidContent(f"feedback is no list of 1 to {MOST_FEEDBACK}", expression=("feedback",))
    return tuple(_feedback(_object(row, "feedback")) for row in rows)


def _feedback(row: Mapping[str, Any]) -> Feedback:
    card, outcome = _text(row, "card"), _text(row, "outcome")
    if not _UUID.fullmatch(card):
        raise InvalidContent("card is no UUID", expression=("feedback.card",))
    if outcome not in OUTCOMES:
        raise InvalidContent(f"outcome is none of {', '.join(OUTCOMES)}", expression=("feedback.outcome",))
    _text(row, "outcomeTimestamp")
    return Feedback(card.lower(), outcome)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableBody(f"{name} is no JSON object")
    return value


def _text(members: Mapping[str, Any], name: str, is_required: bool = True) -> str:
    value = members.get(name)
    if value is None and not is_required:
        return ""
    if value is None:
        raise RequiredMissing(f"{name} is required", expression=(name,))
    if not isinstance(value, str) or not value:
        raise InvalidContent(f"{name} is no text", expression=(name,))
    return value


def _matching(context: Mapping[str, Any], name: str, form: re.Pattern[str], is_required: bool) -> str:
    value = _text(context, name, is_required)
    if value and not form.fullmatch(value):
        raise InvalidContent(f"{name} is no id", expression=(f"context.{name}",))
    return value
