"""Every call of an operation is written down before its answer leaves: done, refused or failed, by whom, about whom.

A view tells what it learns of the call with :func:`tell`. The entry is made when the view is through; when it cannot be made the caller gets 503
instead of the answer. A call that writes to the EHR is written down once more before it begins (``write-back``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from fhir_coder.api.observation import current_request_id
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Auditor, Success
from fhir_coder.errors import Busy, FhirCoderError, NotRecorded, Throttled
from fhir_coder.fhir_id import REFERENCE

UNEXPECTED = "FC000"
_TOO_OFTEN = (Throttled, Busy)
"""Refusals that are counted and not written down: a flood of calls must not fill the store with its own record."""


class RequestAudit:
    """``auditor`` keeps the entries. ``words`` names the events of routes, by endpoint, that need the tenant's leave."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor
        self._words: dict[str, str] = {}

    def declare(self, endpoint: str, word: str) -> None:
        """Say which event a call of a route is."""
        self._words[endpoint] = word

    def of_gate(self, gate: Callable[[], None]) -> Callable[[], None]:
        """The gate, with its refusals written down; those of routes without an event concern no patient and are in the access log only."""

        def admit() -> None:
            try:
                gate()
            except FhirCoderError as error:
                word = self._words.get(str(request.endpoint))
                if word and g.get("tenant") and not isinstance(error, _TOO_OFTEN):
                    self._record(word, *_end_of(error))
                raise

        return admit

    def of_view(self, endpoint: str, view: Callable[..., Response]) -> Callable[..., Response]:
        """The view, with its end written down, whatever it is."""
        word = self._words[endpoint]

        def answer(**arguments: str) -> Response:
            try:
                response = view(**arguments)
            except NotRecorded:
                raise
            except Exception as error:
                self._record(word, *_end_of(error))
                raise
            self._record(word, Success.DONE)
            return response

        return answer

    def begin_writing(self, entities: Iterable[str], detail: Mapping[str, str]) -> None:
        """Write down that the EHR is about to be written to. Raises NotRecorded: then it must not be."""
        tell(entities=entities, detail=detail)
        self._record("write-back", Success.DONE)

    def record(self, word: str, action: Action) -> None:
        """Write down what a view is about to do that not each of its calls does. Raises NotRecorded: then it must not."""
        self._record(word, Success.DONE, action=action)

    def _record(self, word: str, success: Success, error: str = "", action: Action = Action.EXECUTE) -> None:
        entry = replace(_told(), action=action)
        if error:
            entry = replace(entry, detail={**entry.detail, "error": error})
        self._auditor(replace(entry, event=word, success=success))


def _end_of(error: Exception) -> tuple[Success, str]:
    """Refused or failed, with our number of it, or the web framework's HTTP status."""
    if isinstance(error, FhirCoderError):
        return (Success.REFUSED if error.status < 500 else Success.FAILED), error.code
    if isinstance(error, HTTPException) and error.code:
        return (Success.REFUSED if error.code < 500 else Success.FAILED), f"HTTP {error.code}"
    return Success.FAILED, UNEXPECTED


def tell(patient: str = "", entities: Iterable[str] = (), detail: Mapping[str, str] | None = None) -> None:
    """What a view learned of the call that is being answered: references, ids, codes and counts, never words. Adds to what was told before."""
    entry = _told()
    g.audit_entry = replace(
        entry,
        patient=patient if REFERENCE.fullmatch(patient) else entry.patient,
        entities=(*entry.entities, *(one for one in entities if REFERENCE.fullmatch(one))),
        detail={**entry.detail, **(detail or {})},
    )


def _told() -> AuditEntry:
    """The entry so far. Who calls and from where is read when it is needed: the gate learns it late."""
    tenant = str((request.view_args or {}).get("tenant", ""))
    entry = g.get("audit_entry") or AuditEntry(tenant, "", Action.EXECUTE, Success.DONE, NOBODY)
    return replace(entry, agent=current_agent(), request_id=current_request_id(), address=request.remote_addr or "")


NOBODY = Agent(AgentKind.NOBODY)


def current_agent() -> Agent:
    """Who calls: whom the token names, a program on this machine where no token is asked for, or nobody where none was accepted."""
    return g.get("agent") or NOBODY
