"""What a person signed off, as billing needs it: a value without words of notes, written down as JSON until it is formatted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from typing import Any

from fhir_coder.errors import InvalidContent

MOST_DIAGNOSES = 12
"""Diagnosis codes that one professional claim holds (837P, loop 2300, HI; CMS-1500 item 21)."""
MOST_POINTERS = 4
"""Diagnoses that one service line points to (837P, SV107; CMS-1500 item 24E)."""


class Frequency(Enum):
    """Claim frequency (837P CLM05-3; code set of the NUBC, third position of the type of bill)."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


@dataclass(frozen=True, slots=True)
class BilledPatient:
    """``reference`` at the EHR (``Patient/7``), ``identifier`` that billing knows (a record number) and who assigned it; names may be empty.
    ``sex`` is a code of HL7 table 0001."""

    reference: str
    identifier: str
    assigner: str = ""
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str = "U"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who rendered the service; ``is_npi``: the identifier is a National Provider Identifier."""

    identifier: str
    family: str = ""
    given: str = ""
    is_npi: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A code with its dot, and the title that the release gives it. Outpatient claims carry no present-on-admission indicator."""

    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A procedure as the EHR charged it. ``system`` is a code of HL7 table 0396 (``C4`` CPT-4, ``HCPCS``); ``units`` is a decimal number.

    ``pointers`` are positions of diagnoses in claim order, from 1, the line's first reason first; empty where nobody linked the line.
    """

    code: str
    system: str = "C4"
    modifiers: tuple[str, ...] = ()
    units: str = "1"
    pointers: tuple[int, ...] = ()
    service_date: date | None = None


@dataclass(frozen=True, slots=True)
class SignedEncounter:
    """One signed version of one review. ``version`` counts from 1 with each sign-off; ``diagnoses`` stand in claim order.

    ``is_void``: the version takes the earlier ones back and charges nothing. ``billing_withheld``: why nothing may reach a health plan (45 CFR
    164.522(a)(1)(vi)), or empty. Raises InvalidContent for what no claim can hold.
    """

    tenant: str
    review: str
    coding: str
    version: int
    encounter: str
    patient: BilledPatient
    service_date: date
    provider: Provider
    release: str
    signed_by: str
    signed_at: datetime
    diagnoses: tuple[Diagnosis, ...] = ()
    lines: tuple[ServiceLine, ...] = ()
    is_void: bool = False
    billing_withheld: str = ""

    def __post_init__(self) -> None:
        if self.version < 1:
            raise InvalidContent("versions of a review count from 1")
        if self.signed_at.tzinfo is None:
            raise InvalidContent("the moment of a signature needs its zone")
        if not self.diagnoses and not self.is_void and not self.billing_withheld:
            raise InvalidContent("a claim needs a diagnosis (837P, loop 2300, HI)")
        if len(self.diagnoses) > MOST_DIAGNOSES:
            raise InvalidContent(f"a professional claim holds at most {MOST_DIAGNOSES} diagnoses")
        for line in self.lines:
            if len(line.pointers) > MOST_POINTERS or any(not 1 <= one <= len(self.diagnoses) for one in line.pointers):
                raise InvalidContent(f"a service line points to at most {MOST_POINTERS} of the claim's diagnoses")

    @property
    def control_number(self) -> str:
        """The same for the same version, whoever asks: 20 characters, as MSH-10 and 837P CLM01 take them."""
        named = json.dumps([self.tenant, self.review, self.version]).encode()
        return f"FC{sha256(named).hexdigest()[:18].upper()}"


@dataclass(frozen=True, slots=True)
class Correction:
    """What billing has already, and how this version stands to it. ``lines``: what was charged, to be credited, on ``service_date`` by ``provider``;
    None: on the same day, by the same."""

    frequency: Frequency
    control_number: str
    lines: tuple[ServiceLine, ...] = ()
    service_date: date | None = None
    provider: Provider | None = None


def correcting(frequency: Frequency, earlier: SignedEncounter) -> Correction:
    """The correction of a version that has left."""
    return Correction(frequency, earlier.control_number, earlier.lines, earlier.service_date, earlier.provider)


def written(signed: SignedEncounter) -> str:
    """As JSON: holds what is about the patient, so it is kept sealed."""
    return json.dumps(asdict(signed), default=lambda moment: moment.isoformat(), sort_keys=True, separators=(",", ":"))


def read(text: str) -> SignedEncounter:
    """What :func:`written` wrote."""
    found: dict[str, Any] = json.loads(text)
    return SignedEncounter(
        **found
        | {
            "patient": BilledPatient(**_dated(found["patient"], "birth_date")),
            "provider": Provider(**found["provider"]),
            "service_date": date.fromisoformat(found["service_date"]),
            "signed_at": datetime.fromisoformat(found["signed_at"]),
            "diagnoses": tuple(Diagnosis(**one) for one in found["diagnoses"]),
            "lines": tuple(_line(one) for one in found["lines"]),
        }
    )


def _line(members: Mapping[str, Any]) -> ServiceLine:
    lists = {"modifiers": tuple(members["modifiers"]), "pointers": tuple(members["pointers"])}
    return ServiceLine(**_dated(members, "service_date") | lists)


def _dated(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**members, name: date.fromisoformat(members[name]) if members[name] else None}
