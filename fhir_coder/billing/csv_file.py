"""A signed encounter as CSV (RFC 4180): one row for each diagnosis, in claim order. The columns are explained in docs/billing.md."""

from __future__ import annotations

import csv
import io

from fhir_coder.billing.signed import Correction, Diagnosis, Frequency, SignedEncounter
from fhir_coder.spreadsheet import defused

COLUMNS = (
    "control_number", "frequency", "replaces", "review", "version", "encounter", "patient_id", "patient_assigner", "patient_family",
    "patient_given", "birth_date", "sex", "service_date", "provider_id", "provider_is_npi", "provider_family", "provider_given", "position",
    "code", "description", "code_system", "release", "service_lines", "procedures", "signed_by", "signed_at",
)  # fmt: skip
CODE_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"


def csv_file(signed: SignedEncounter, correction: Correction | None) -> bytes:
    """The whole file with its header line, UTF-8. A version that charges nothing and names no diagnosis has one row without a code. Half a
    letter (a lone surrogate, which JSON can hold) becomes a question mark: one name does not keep a whole message from leaving."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180 section 2
    writer.writerow(COLUMNS)
    for position, diagnosis in enumerate(signed.diagnoses or (None,), 1):
        row = _of_claim(signed, correction) | _of_diagnosis(signed, position, diagnosis)
        writer.writerow([defused(row[name]) for name in COLUMNS])
    return text.getvalue().encode(errors="replace")


def _of_claim(signed: SignedEncounter, correction: Correction | None) -> dict[str, str]:
    """What is the same in each row."""
    patient, provider = signed.patient, signed.provider
    return {
        "control_number": signed.control_number,
        "frequency": (correction.frequency if correction else Frequency.ORIGINAL).value,
        "replaces": correction.control_number if correction else "",
        "review": signed.review,
        "version": str(signed.version),
        "encounter": signed.encounter,
        "patient_id": patient.identifier,
        "patient_assigner": patient.assigner,
        "patient_family": patient.family,
        "patient_given": patient.given,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else "",
        "sex": patient.sex,
        "service_date": signed.service_date.isoformat(),
        "provider_id": provider.identifier,
        "provider_is_npi": "true" if provider.is_npi else "false",
        "provider_family": provider.family,
        "provider_given": provider.given,
        "procedures": " ".join("-".join((line.code, *line.modifiers)) for line in signed.lines),
        "signed_by": signed.signed_by,
        "signed_at": signed.signed_at.isoformat(timespec="seconds"),
    }


def _of_diagnosis(signed: SignedEncounter, position: int, diagnosis: Diagnosis | None) -> dict[str, str]:
    pointed = [str(number) for number, line in enumerate(signed.lines, 1) if position in line.pointers]
    return {
        "position": str(position) if diagnosis else "",
        "code": diagnosis.code if diagnosis else "",
        "description": diagnosis.display if diagnosis else "",
        "code_system": CODE_SYSTEM if diagnosis else "",
        "release": signed.release,
        "service_lines": " ".join(pointed),
    }
