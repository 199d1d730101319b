"""``POST [base]/Encounter/$code-encounter`` and ``POST [base]/Encounter/[id]/$code-encounter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from flask import Response, g, request

from fhir_coder.api.asynchronous import Asynchronous
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
from fhir_coder.api.told_of import told_of_request, told_of_result
from fhir_coder.errors import Forbidden, OperationUnknown, RequiredMissing, ResourceUnknown, Uncodable
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir_id import FHIR_ID
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

    def __init__(
        self,
        engine: CodingEngine,
        limits: Limits,
        metrics: Metrics,
        risk: Assessor | None,
        begin_writing: Announcement,
        later: Asynchronous | None = None,
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._metrics = metrics
        self._risk = risk
        self._begin_writing = begin_writing
        self._later = later

    def __call__(self, tenant: str, encounter_id: str = "") -> Response:
        """Negotiate, read, code, render; every refusal is one of our errors."""
        require_tenant(self._engine, tenant)
        form = format_of(request)
        preferences = read_preferences(request.headers.get("Prefer"))
        g.preference_applied = preferences.applied()
        if encounter_id and not FHIR_ID.fullmatch(encounter_id):
            raise ResourceUnknown("no Encounter can have this id")
        body = read_body(request, self._limits)
        read = read_coding_request(body, tenant=tenant, encounter_id=encounter_id, is_strict=preferences.is_strict)
        grant = current_grant()
        coding = bound(read.request, grant) if grant else read.request
        self._require_ehr(coding)
        if self._later and preferences.is_asynchronous and self._later.is_possible:
            taken_on = self._later.take_on(coding, read.given.ignored, form)
            g.preference_applied = preferences.applied(is_asynchronous=True)
            return taken_on
        self._announce(coding)
        try:
            result = self._engine.code(coding)
        except (RequiredMissing, Uncodable) as error:
            raise read.given.explain(error) from error
        told = told_of_result(result)
        tell(told.patient, told.entities, told.detail)
        self._metrics.count_result(result)
        return respond(answer_of(result, read.given.ignored, read.request.include_text, self._risk), form)

    def _announce(self, coding: CodingRequest) -> None:
        """Tell the audit what is asked for, before anything is read or written."""
        told = told_of_request(coding)
        tell(patient=told.patient)
        if coding.write_back:
            self._begin_writing(told.entities, told.detail)
        else:
            tell(entities=told.entities, detail=told.detail)

    def _require_ehr(self, coding: CodingRequest) -> None:
        if coding.ehr and not self._engine.has_ehr(coding.tenant, coding.ehr):
            raise Forbidden("this tenant has no EHR of that id", expression=("Parameters.parameter.where(name='ehr')",))


def answer_of(result: CodingResult, ignored: Iterable[str], include_text: bool, risk: Assessor | None) -> Resource:
    """The answer of the operation, with the risk report where the site shows one; see :func:`fhir_coder.api.render.render_result`."""
    report = render_risk(risk, result) if risk else None
    return render_result(result, ignored=ignored, include_text=include_text, risk=report)


def require_tenant(engine: CodingEngine, tenant: str) -> None:
    """A base that belongs to no tenant does not exist."""
    if not engine.has_tenant(tenant):
        raise OperationUnknown("no FHIR base at this address")
