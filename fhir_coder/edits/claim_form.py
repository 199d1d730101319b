"""What a professional claim can carry (ASC X12N 837P 005010X222A1, CMS-1500 02/12), and which diagnoses its lines name."""

from __future__ import annotations

from fhir_coder.edits.case import EditCase
from fhir_coder.model import ServiceLine

MAX_DIAGNOSES = 12
"""Loop 2300 HI; CMS-1500 item 21."""

MAX_POINTERS = 4
"""Loop 2400 SV107; CMS-1500 item 24E."""


def coded_reasons(case: EditCase, line: ServiceLine) -> tuple[str, ...]:
    """The line's reasons in canonical form where the release knows them, as given otherwise; each once, in order."""
    return tuple(dict.fromkeys(case.codebook.normalize(code) or code for code in line.reason_codes))
