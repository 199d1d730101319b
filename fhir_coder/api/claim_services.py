"""The service lines of a Claim with the diagnoses they point to, and its dates of service (http://hl7.org/fhir/R4/claim.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fhir_coder.api.diagnoses import Diagnosis, sequences_of
from fhir_coder.api.given import Given
from fhir_coder.api.outcome import plain_issue
from fhir_coder.ehr.references import codings
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.model import ServiceLine
from fhir_coder.vocabulary import CLAIM_TYPE, PROCEDURE_SYSTEMS

MAX_LINES = 999
"""Service lines of one claim: what the longest of them, an institutional one, carries (ASC X12N 837I 005010X223A2, loop 2400)."""
MAX_POINTERS_READ = 100
"""Pointers of one line that are read; a claim can carry four (:data:`fhir_coder.model.MAX_POINTERS`)."""
INSTITUTIONAL = "institutional"


@dataclass(frozen=True, slots=True)
class ClaimServices:
    """``lines`` is None when the claim has none that edits may look at; ``paths`` maps the source of a line, which findings name, to its place."""

    lines: tuple[ServiceLine, ...] | None
    paths: Mapping[str, str]


def services_of(claim: Given, diagnoses: Sequence[Diagnosis]) -> ClaimServices:
    """Each item as a line. Raises InvalidContent for a sequence given twice, Uncodable for more lines than a claim carries.

    Institutional claims have no pointers from lines to diagnoses (837I, loop 2400), so that theirs are left out.
    """
    items = claim.value.get("item", ())
    if len(items) > MAX_LINES:
        raise Uncodable(f"at most {MAX_LINES} service lines are checked", expression=(f"{claim.resource_path}.item",))
    paths = [f"{claim.resource_path}.item[{index}]" for index in range(len(items))]
    sources = [f"item {sequence}" for sequence in sequences_of(items, paths)]
    if not items or is_institutional(claim.value):
        return ClaimServices(None, {})
    for item, path in zip(items, paths, strict=True):
        if len(item.get("diagnosisSequence", ())) > MAX_POINTERS_READ:
            raise Uncodable(f"at most {MAX_POINTERS_READ} pointers of a line are checked", expression=(f"{path}.diagnosisSequence",))
    by_sequence = {one.sequence: one for one in diagnoses}
    lines = tuple(_line(item, source, by_sequence) for item, source in zip(items, sources, strict=True))
    return ClaimServices(lines, dict(zip(sources, paths, strict=True)))


def is_institutional(claim: Resource) -> bool:
    """Whether the claim is of a facility (Claim.type)."""
    return any(one.get("code") == INSTITUTIONAL and one.get("system", CLAIM_TYPE) == CLAIM_TYPE for one in codings(claim.get("type")))


def _line(item: Resource, source: str, diagnoses: Mapping[int, Diagnosis]) -> ServiceLine:
    """A pointer to a diagnosis of the claim gives its codes, or where it has none that is checked, its place; a pointer to none, its number."""
    coded = [one for one in codings(item.get("productOrService")) if one.get("code")]
    coding = next((one for one in coded if one.get("system") in PROCEDURE_SYSTEMS), coded[0] if coded else {})
    codes: list[str] = []
    uncoded: list[str] = []
    for pointer in item.get("diagnosisSequence", ()):
        diagnosis = diagnoses.get(pointer)
        if diagnosis is None:
            codes += [f"diagnosis {pointer}"] if pointer else []
        elif diagnosis.codes:
            codes += diagnosis.codes
        else:
            uncoded.append(diagnosis.path)
    return ServiceLine(coding.get("system", ""), coding.get("code", "without a code"), source, tuple(codes), tuple(uncoded))


@dataclass(frozen=True, slots=True)
class ServiceDates:
    """The first and the last date of service, and where dates stand that are not full ones."""

    first: date | None = None
    last: date | None = None
    partial: tuple[str, ...] = ()

    def remarks(self) -> Iterator[Resource]:
        """A warning about dates that could not be used."""
        if self.partial:
            yield plain_issue("warning", "incomplete", "Left out: a date of service must be a full date.", self.partial)


def dates_of(claim: Given) -> ServiceDates:
    """The dates of the service lines, which bill the services; ``billablePeriod`` where no line has one."""
    named = [
        (value, f"{claim.resource_path}.item[{index}].serviced")
        for index, item in enumerate(claim.value.get("item", ()))
        for value in (item.get("servicedDate"), *_ends(item.get("servicedPeriod")))
    ]
    from_lines = _dates(named)
    if from_lines.first is not None:
        return from_lines
    period = f"{claim.resource_path}.billablePeriod"
    from_period = _dates([(value, period) for value in _ends(claim.value.get("billablePeriod"))])
    return ServiceDates(from_period.first, from_period.last, from_lines.partial + from_period.partial)


def _ends(period: Resource | None) -> tuple[str | None, str | None]:
    return (period or {}).get("start"), (period or {}).get("end")


def _dates(named: Sequence[tuple[str | None, str]]) -> ServiceDates:
    """Calendar dates as written, in the offset of the place of service."""
    full = sorted(date.fromisoformat(value[:10]) for value, _ in named if value and len(value) >= 10)
    partial = tuple(dict.fromkeys(path for value, path in named if value and len(value) < 10))
    return ServiceDates(full[0], full[-1], partial) if full else ServiceDates(partial=partial)
