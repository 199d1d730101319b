"""A signed encounter as DFT^P03, Post Detail Financial Transactions (HL7 v2.5.1 section 6.4.3). Its segments are told in docs/billing.md.

v2 has no field for the claim's frequency. What billing has already is credited (FT1-6 ``CD``, table 0017) before the new version is charged
(``CG``), and a segment of our own, ZFC, says frequency and earlier control number; section 2.6.2 lets receivers pass over what they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import hl7

from fhir_coder.billing.segments import header, message, repeats, segment
from fhir_coder.billing.signed import BilledPatient, Correction, Diagnosis, Frequency, Provider, ServiceLine, SignedEncounter

ICD_10_CM = "I10C"
"""Table 0396."""
VISIT = ("VISIT", "Encounter without service lines", "L")
"""What is charged where the EHR told no service line: a local code, of no value by itself."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who sends and who receives, as MSH names them (HD, namespace only); ``processing``: table 0103, ``P`` production, ``T`` training."""

    sending_application: str = "FHIR-CODER"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing: str = "P"


def dft_message(signed: SignedEncounter, correction: Correction | None, addressed: Addressed, made_at: datetime) -> bytes:
    """The message, UTF-8, segments ended by carriage returns. ``made_at`` (aware) is when it was made."""
    frequency = correction.frequency if correction else Frequency.ORIGINAL
    credits = tuple(_credits(signed, correction)) if correction else ()
    charges = () if frequency is Frequency.VOID else tuple(_charges(signed, len(credits)))
    diagnoses = () if frequency is Frequency.VOID else tuple(_dg1(number, one, signed) for number, one in enumerate(signed.diagnoses, 1))
    ours = [_zfc(correction)] if correction else []
    return message([*_heads(signed, addressed, made_at), *credits, *charges, *diagnoses, *ours])


def _heads(signed: SignedEncounter, addressed: Addressed, made_at: datetime) -> Iterator[hl7.Segment]:
    yield header(
        {
            3: addressed.sending_application,
            4: addressed.sending_facility,
            5: addressed.receiving_application,
            6: addressed.receiving_facility,
            7: _moment(made_at),
            9: repeats(["DFT", "P03", "DFT_P03"]),
            10: signed.control_number,
            11: addressed.processing,
            12: "2.5.1",
            18: "UNICODE UTF-8",
        }
    )
    yield segment("EVN", {2: _moment(made_at), 5: repeats([signed.signed_by]), 6: _moment(signed.signed_at)})
    yield _pid(signed.patient)
    yield segment("PV1", {1: "1", 2: "O", 7: _xcn(signed.provider), 19: repeats([signed.encounter.rpartition("/")[2]])})


def _pid(patient: BilledPatient) -> hl7.Segment:
    """PID-5 is required: without a name its type is ``U``, unspecified (table 0200)."""
    name = [patient.family, patient.given, "", "", "", "", "L" if patient.family or patient.given else "U"]
    born = {7: _day(patient.birth_date)} if patient.birth_date else {}
    return segment(
        "PID", {1: "1", 3: repeats([patient.identifier, "", "", patient.assigner, "MR"]), 5: repeats(name), 8: patient.sex} | born
    )


def _charges(signed: SignedEncounter, after: int) -> Iterator[hl7.Segment]:
    """One for each service line, or one for the visit. FT1-1 counts on from what is credited."""
    for number, line in enumerate(signed.lines or (None,), 1):
        codes = [signed.diagnoses[one - 1].code for one in line.pointers] if line else []
        reasons = codes or [one.code for one in signed.diagnoses]
        yield _ft1(after + number, signed.control_number, number, "CG", line, signed, reasons)


def _credits(signed: SignedEncounter, correction: Correction) -> Iterator[hl7.Segment]:
    """What was charged under the earlier control number: the same transaction ids, days and provider, whatever the new version says."""
    charged = replace(signed, service_date=correction.service_date or signed.service_date, provider=correction.provider or signed.provider)
    for number, line in enumerate(correction.lines or (None,), 1):
        yield _ft1(number, correction.control_number, number, "CD", line, charged, [])


def _ft1(
    set_id: int, control: str, number: int, kind: str, line: ServiceLine | None, signed: SignedEncounter, reasons: Sequence[str]
) -> hl7.Segment:
    day = line.service_date if line and line.service_date else signed.service_date
    procedure = repeats([line.code, "", line.system]) if line else repeats(VISIT)
    fields: dict[int, str | hl7.Field] = {
        1: str(set_id),
        2: f"{control}-{number}",
        3: control,
        4: _day(day),
        6: kind,
        7: procedure,
        10: line.units if line else "1",
        20: _xcn(signed.provider),
    }
    if reasons:
        fields[19] = repeats(*([code, "", ICD_10_CM] for code in reasons))
    if line:
        fields |= {25: procedure} | ({26: repeats(*([one, "", line.system] for one in line.modifiers))} if line.modifiers else {})
    return segment("FT1", fields)


def _dg1(number: int, diagnosis: Diagnosis, signed: SignedEncounter) -> hl7.Segment:
    """DG1-6 ``F``: final (table 0052). DG1-15: 1 is the first-listed, 2 and above those that follow (table 0359)."""
    code = repeats([diagnosis.code, diagnosis.display, ICD_10_CM])
    return segment("DG1", {1: str(number), 3: code, 5: _day(signed.service_date), 6: "F", 15: str(number), 16: _xcn(signed.provider)})


def _zfc(correction: Correction) -> hl7.Segment:
    told = "Replacement of prior claim" if correction.frequency is Frequency.REPLACEMENT else "Void or cancel of prior claim"
    return segment("ZFC", {1: repeats([correction.frequency.value, told, "NUBC"]), 2: correction.control_number})


def _xcn(provider: Provider) -> hl7.Field:
    """XCN-9 is who assigned the id, XCN-13 of which kind it is (table 0203)."""
    if not provider.is_npi:
        return repeats([provider.identifier, provider.family, provider.given])
    return repeats([provider.identifier, provider.family, provider.given, "", "", "", "", "", "NPI", "", "", "", "NPI"])


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _moment(moment: datetime) -> str:
    """To the second, with the zone (2.A.22)."""
    return moment.strftime("%Y%m%d%H%M%S%z")
