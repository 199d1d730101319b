"""``POST [base]/Encounter/$code-encounter`` and ``POST [base]/Encounter/[id]/$code-encounter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from flask import Response, g, request

from fhir_coder.api.audited import tell
from fhir_coder.api.body import read_body
from fhir_coder.api.coding_request import read_coding_request
from fhir_coder.api.gate import current_grant
from fhir_coder.api.health import Readiness
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.prefer import read_preferences
from fhir_coder.api.render import render_result
from fhir_coder.api.render_risk import Assessor, render_risk
from fhir_coder.api.respond import format_of, respond
from fhir_coder.errors import Forbidden, OperationUnknown, RequiredMissing, ResourceUnknown, Uncodable
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.model import Encounter
from fhir_coder.smart.context import bound


class CodingEngine(Protocol):
    """What the API needs of the engine."""

    def code(self, request: CodingRequest) -> CodingResult:
        """Do the job; raises the errors of :mod:`fhir_coder.errors`."""

    def has_tenant(self, tenant: str) -> bool:
        """Whether the tenant is configured."""

    def has_ehr(self, tenant: str, ehr: str) -> bool:
        """Whether the tenant has an EHR of that id."""

    def readiness(self) -> Readiness:
        """Whether the parts that coding needs are there."""


Announcement = Callable[[Iterable[str], Mapping[str, str]], None]
"""Writes down, before it begins, that the EHR is written to: references and detail."""


class CodeEncounter:
    """The operation as a view: bytes and headers in, Parameters out."""

    def __init__(self, engine: CodingEngine, limits: Limits, metrics: Metrics, risk: Assessor | None, begin_writing: Announcement) -> None:
        self._engine = engine
        self._limits = limits
        self._metrics = metrics
        self._risk = risk
        self._begin_writing = begin_writing

    def __call__(self, tenant: str, encounter_id: str = "") -> Response:
        """Negotiate, read, code, render; every refusal is one of our errors."""
        require_tenant(self._engine, tenant)
        form = format_of(request)
        preferences = read_preferences(request.headers.get("Prefer"))
        g.preference_applied = preferences.applied
        if encounter_id and not FHIR_ID.fullmatch(encounter_id):
            raise ResourceUnknown("no Encounter can have this id")
        body = read_body(request, self._limits)
        read = read_coding_request(body, tenant=tenant, encounter_id=encounter_id, is_strict=preferences.is_strict)
        grant = current_grant()
        coding = bound(read.request, grant) if grant else read.request
        self._require_ehr(coding)
        self._announce(coding)
        try:
            result = self._engine.code(coding)
        except (RequiredMissing, Uncodable) as error:
            raise read.given.explain(error) from error
        _tell_result(result)
        self._metrics.count_disposition(result.disposition.outcome.value)
        self._metrics.count_writes(result.receipt)
        risk = render_risk(self._risk, result) if self._risk else None
        return respond(render_result(result, ignored=read.given.ignored, include_text=read.request.include_text, risk=risk), form)

    def _announce(self, coding: CodingRequest) -> None:
        """Tell the audit what is asked for, before anything is read or written."""
        encounter = coding.encounter_id or str((coding.encounter or {}).get("id", ""))
        tell(patient=_named_patient(coding))
        entities, detail = [f"Encounter/{encounter}"] if encounter else [], {"ehr": coding.ehr}
        if coding.write_back:
            self._begin_writing(entities, detail)
        else:
            tell(entities=entities, detail=detail)

    def _require_ehr(self, coding: CodingRequest) -> None:
        if coding.ehr and not self._engine.has_ehr(coding.tenant, coding.ehr):
            raise Forbidden("this tenant has no EHR of that id", expression=("Parameters.parameter.where(name='ehr')",))


def _named_patient(coding: CodingRequest) -> str:
    """The patient of the token, else of what the caller sent, else nobody: the EHR has not been asked yet."""
    if coding.limits.patient:
        return f"Patient/{coding.limits.patient}"
    if coding.patient and "id" in coding.patient:
        return f"Patient/{coding.patient['id']}"
    return str((coding.encounter or {}).get("subject", {}).get("reference", ""))


def _tell_result(result: CodingResult) -> None:
    """Whom it was about, what was read, and what was written with which status."""
    encounter = result.intake.encounter
    written = dict(_written(result))
    tell(
        patient=f"Patient/{encounter.patient.id}" if encounter.patient.id else "",
        entities=[encounter.reference, *(note.reference for note in encounter.notes), *written],
        detail={
            "coding": result.coding_id,
            "disposition": result.disposition.outcome.value,
            "notes": str(len(encounter.notes)),
            "unreadable": str(len(encounter.unreadable)),
            **_withheld(encounter),
            **written,
        },
    )


def _withheld(encounter: Encounter) -> dict[str, str]:
    """The documents that their marks kept out, by reference: that they were not read can be shown later."""
    kept_out = [one.reference or one.id for one in encounter.unreadable if one.reason == "sensitive"]
    return {"withheld": " ".join(kept_out)} if kept_out else {}


def _written(result: CodingResult) -> Iterator[tuple[str, str]]:
    """Reference and HTTP status of what the EHR holds now; type and place in the proposal for what it did not take."""
    receipt = (result.receipt or {}).get("entry", ())
    proposed = [entry["resource"]["resourceType"] for entry in result.proposal.get("entry", ())]
    for position, entry in enumerate(receipt):
        response = entry["response"]
        kind = proposed[position] if position < len(proposed) else "of an earlier coding"
        yield response.get("location", "").split("/_history/")[0] or f"{kind} ({position + 1})", response["status"][:3]


def require_tenant(engine: CodingEngine, tenant: str) -> None:
    """A base that belongs to no tenant does not exist."""
    if not engine.has_tenant(tenant):
        raise OperationUnknown("no FHIR base at this address")
