"""A coding result as the Parameters that the operation returns: the out half of :mod:`fhir_coder.api.parameters`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from fhir_coder.api.outcome import outcome_of_result
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.model import CodeAssignment, Evidence, Finding, Note, Outcome, ProviderQuery, Reason, Reconciled, Rejection
from fhir_coder.own_terms import own_coding, reason_coding
from fhir_coder.querying import query_text
from fhir_coder.vocabulary import DISPOSITION, EDIT, ICD10CM

_FOUR_DIGITS = Decimal("0.0001")


def render_result(
    result: CodingResult, *, ignored: Iterable[str] = (), include_text: bool = False, risk: Resource | None = None
) -> Resource:
    """The Parameters resource. ``ignored`` are FHIRPaths of unknown parameters; ``include_text`` adds the notes' canonical text; ``risk`` is
    the parameter that holds the risk report, or None."""
    return {"resourceType": "Parameters", "parameter": list(_Rendering(result).parameters(ignored, include_text, risk))}


def evidence_part(evidence: Evidence, notes: Mapping[str, Note], name: str = "evidence") -> Resource:
    """The words of a note as a part of that name; ``notes`` by their id."""
    parts = [
        {"name": "document", "valueReference": note_reference(evidence.note_id, notes)},
        {"name": "start", "valueInteger": evidence.start},
        {"name": "end", "valueInteger": evidence.end},
        {"name": "text", "valueString": evidence.text},
        {"name": "sha256", "valueString": evidence.sha256},
    ]
    return {"name": name, "part": parts}


def note_reference(note_id: str, notes: Mapping[str, Note]) -> Resource:
    """The note by its reference, or by its id in words when it has no address."""
    reference = notes[note_id].reference if note_id in notes else ""
    return {"reference": reference} if reference else {"display": f"note {note_id}"}


def code_coding(code: str, display: str, release_id: str) -> Resource:
    """An ICD-10-CM code of a release; ``display`` may be empty."""
    coding = {"system": ICD10CM, "version": release_id, "code": code}
    return coding | {"display": display} if display else coding


class _Rendering:
    """One result on its way out; knows the notes' references and the codes' titles."""

    def __init__(self, result: CodingResult) -> None:
        self._result = result
        self._notes = {note.id: note for note in result.intake.encounter.notes}
        self._titles = {one.code: one.display for one in result.disposition.report.coded.assignments}

    def parameters(self, ignored: Iterable[str], include_text: bool, risk: Resource | None) -> Iterator[Resource]:
        """All out parameters in the order of the definition."""
        disposition, coded = self._result.disposition, self._result.disposition.report.coded
        outcome = disposition.outcome
        yield {"name": "codingId", "valueId": self._result.coding_id}
        yield {"name": "disposition", "valueCoding": own_coding(DISPOSITION, outcome.value)}
        yield from map(_reason, disposition.reasons)
        yield {"name": "result", "resource": self._result.proposal}
        if self._result.receipt is not None:
            yield {"name": "receipt", "resource": self._result.receipt}
        for assignment, own in zip(coded.assignments, disposition.by_code, strict=True):
            yield {"name": "assignment", "part": list(self._assignment(assignment, own))}
        for rejection in coded.rejected:
            yield {"name": "rejected", "part": list(self._rejection(rejection))}
        for line in self._result.reconciliation:
            yield {"name": "reconciliation", "part": list(self._reconciled(line))}
        for finding in disposition.report.shown:
            if finding.query is not None:
                yield {"name": "query", "part": list(self._query(finding, finding.query))}
        if risk is not None:
            yield risk
        yield {"name": "issues", "resource": outcome_of_result(self._result, ignored)}
        if include_text:
            yield from self._texts()

    def _assignment(self, assignment: CodeAssignment, outcome: Outcome) -> Iterator[Resource]:
        yield {"name": "code", "valueCoding": self._coding(assignment.code, assignment.display)}
        yield {"name": "probability", "valueDecimal": _probability(assignment.probability)}
        yield {"name": "rank", "valuePositiveInt": assignment.rank}
        yield {"name": "disposition", "valueCode": outcome.value}
        yield from map(self._evidence, assignment.evidence)
        if assignment.explanation:
            yield {"name": "explanation", "valueString": assignment.explanation}

    def _rejection(self, rejection: Rejection) -> Iterator[Resource]:
        yield {"name": "code", "valueCoding": self._coding(rejection.code, rejection.display)}
        yield {"name": "reason", "valueCode": rejection.reason.value}
        yield from map(self._evidence, rejection.evidence)

    def _reconciled(self, line: Reconciled) -> Iterator[Resource]:
        yield {"name": "status", "valueCode": line.agreement.value}
        if line.code:
            yield {"name": "assigned", "valueCoding": self._coding(line.code, self._titles.get(line.code, ""))}
        if line.recorded:
            yield {"name": "recorded", "valueCoding": {"system": ICD10CM, "code": line.recorded.code}}
            if line.recorded.reference:
                yield {"name": "condition", "valueReference": {"reference": line.recorded.reference}}

    def _query(self, finding: Finding, query: ProviderQuery) -> Iterator[Resource]:
        """The question; what the answers lead to comes last, in parts for the coder alone."""
        encounter = self._result.intake.encounter
        yield {"name": "edit", "valueCoding": {"system": EDIT, "code": finding.edit, "display": finding.name}}
        for code in finding.codes:
            yield {"name": "code", "valueCoding": self._coding(code, self._titles.get(code, ""))}
        yield {"name": "question", "valueString": query.question}
        yield from (self._evidence(one, "indicator") for one in query.indicators)
        yield from ({"name": "option", "valueString": one.text} for one in query.options)
        yield {"name": "text", "valueString": query_text(query, encounter.notes, encounter.service_date)}
        for option in query.options:
            if option.leads_to:
                codes = ({"name": "code", "valueCoding": self._coding(code, "")} for code in option.leads_to)
                yield {"name": "forCoders", "part": [{"name": "option", "valueString": option.text}, *codes]}

    def _evidence(self, evidence: Evidence, name: str = "evidence") -> Resource:
        return evidence_part(evidence, self._notes, name)

    def _texts(self) -> Iterator[Resource]:
        for note in self._notes.values():
            parts = [{"name": "document", "valueReference": self._reference(note.id)}, {"name": "text", "valueString": note.text}]
            yield {"name": "noteText", "part": parts}

    def _reference(self, note_id: str) -> Resource:
        return note_reference(note_id, self._notes)

    def _coding(self, code: str, display: str) -> Resource:
        return code_coding(code, display, self._result.release.id)


def _reason(reason: Reason) -> Resource:
    """The reason by its code, and in words what it is here."""
    return {"name": "reason", "valueCodeableConcept": {"coding": [reason_coding(reason.code)], "text": reason.text}}


def _probability(value: float) -> Decimal:
    """Four decimal places, exactly: 0.9 is 0.9000."""
    return Decimal(repr(float(value))).quantize(_FOUR_DIGITS)
