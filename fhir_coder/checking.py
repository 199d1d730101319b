"""The compliance edits alone: given codes in, findings out. The operation ``$check-coding`` and ``fhir-coder check`` share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.lists import Lists, shipped_lists
from fhir_coder.edits.run import check_codes
from fhir_coder.exchange import ReleaseUse
from fhir_coder.model import Finding, Patient, ServiceLine, Severity
from fhir_coder.pipeline import release_use
from terminology.history import CodeHistory
from terminology.release import Catalogue


@dataclass(frozen=True, slots=True)
class GivenCodes:
    """Codes that somebody else assigned, in claim order as given, with what is known beside them.

    ``service_date`` is the first date of service, which chooses the release; ``last_service_date`` the last one of a claim with several.
    ``services`` is None when no service lines are known.
    """

    codes: tuple[str, ...]
    patient: Patient = field(default_factory=Patient)
    service_date: date | None = None
    services: tuple[ServiceLine, ...] | None = None
    last_service_date: date | None = None


@dataclass(frozen=True, slots=True)
class CheckedCodes:
    """The findings that callers see (none of edits in shadow), ordered by severity, edit and codes, and the ids of edits that lacked their
    input. ``spans_releases`` says that ``release`` does not hold on the last date of service as it does on the first."""

    findings: tuple[Finding, ...]
    not_run: tuple[str, ...]
    release: ReleaseUse
    spans_releases: bool = False


def case_of(given: GivenCodes, catalogue: Catalogue, lists: Lists | None = None) -> EditCase:
    """The codes as the edits look at them, with the release of the date of service."""
    choice = catalogue.for_date(given.service_date)
    return EditCase(
        codes=given.codes,
        birth_date=given.patient.birth_date,
        gender=given.patient.gender,
        service_date=given.service_date,
        release=choice.release,
        release_status=choice.status,
        services=given.services,
        history=CodeHistory(catalogue),
        lists=lists or shipped_lists(),
    )


def check_given(given: GivenCodes, catalogue: Catalogue, severities: Mapping[str, str], lists: Lists | None = None) -> CheckedCodes:
    """Run every edit that needs no note, by the release of the date of service (45 CFR 162.1002(c)). ``severities`` are the site's."""
    choice = catalogue.for_date(given.service_date)
    findings, not_run = check_codes(case_of(given, catalogue, lists), severities)
    shown = tuple(finding for finding in findings if finding.severity is not Severity.SHADOW)
    last = catalogue.for_date(given.last_service_date or given.service_date)
    spans = (last.release.id, last.status) != (choice.release.id, choice.status)
    return CheckedCodes(shown, not_run, release_use(choice), spans)
