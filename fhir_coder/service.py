"""The service lines of a professional claim, and how much such a claim carries."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DIAGNOSES = 12
"""Diagnoses that a professional claim carries (ASC X12N 837P 005010X222A1, loop 2300 HI; CMS-1500 02/12, item 21)."""

MAX_POINTERS = 4
"""Diagnoses that one service line of it can point to (loop 2400 SV107; CMS-1500 item 24E)."""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A billed service that the EHR supplied: system, CPT/HCPCS code, and the ICD-10-CM reasons it names.

    ``reason_codes`` are codes found on the service itself; ``source`` is the resource it came from.
    """

    system: str
    code: str
    source: str
    reason_codes: tuple[str, ...] = ()
    reason_references: tuple[str, ...] = ()
    performed: str = ""
