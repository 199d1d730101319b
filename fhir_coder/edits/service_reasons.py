"""Which diagnoses a service line names."""

from __future__ import annotations

from fhir_coder.edits.case import EditCase
from fhir_coder.model import ServiceLine


def coded_reasons(case: EditCase, line: ServiceLine) -> tuple[str, ...]:
    """The line's reasons in canonical form where the release knows them, as given otherwise; each once, in order."""
    return tuple(dict.fromkeys(case.codebook.normalize(code) or code for code in line.reason_codes))
