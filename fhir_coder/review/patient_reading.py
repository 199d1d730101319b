"""Whose encounter it is, read at the EHR with the person's own token for the banner on each page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.review.ehr_words import listed, words
from fhir_coder.review.session import Banner
from fhir_coder.smart.launch.launched import Launched
from fhir_coder.smart.scopes import covers, parse_scopes

LONGEST_NAME = 120
_NOT_NOW = ("old", "anonymous", "nickname")


class Reads(Protocol):
    """A client of the EHR that acts as a person."""

    def read(self, resource_type: str, resource_id: str) -> Resource:
        """One resource. Raises the errors of the EHR client."""


ReadsBanner = Callable[[Launched], Banner | None]
"""The banner for a launch; None where no patient belongs to it."""


class BannerReader:
    """``connect`` gives the client that reads with the token of a launch."""

    def __init__(self, connect: Callable[[Launched], Reads]) -> None:
        self._connect = connect

    def __call__(self, launched: Launched) -> Banner | None:
        """The banner where the EHR wants one shown; the bare id where the token does not open Patient or the EHR does not answer."""
        if not (launched.is_smart and launched.patient and launched.need_patient_banner):
            return None
        if not covers(parse_scopes(launched.scope), ("Patient", "r")):
            return Banner(launched.patient)
        try:
            return banner_of(self._connect(launched).read("Patient", launched.patient))
        except FhirCoderError:
            return Banner(launched.patient)


def banner_of(patient: Resource) -> Banner:
    """Name, birth date and sex of a Patient (http://hl7.org/fhir/R4/patient.html); its official or usual name before others."""
    given = [one for one in listed(patient.get("name")) if isinstance(one, dict) and one.get("use") not in _NOT_NOW]
    names = sorted(given, key=lambda one: {"official": 0, "usual": 1}.get(words(one.get("use")), 2))
    return Banner(words(patient.get("id")), _text(names[0]) if names else "", words(patient.get("birthDate")), words(patient.get("gender")))


def _text(name: dict[str, Any]) -> str:
    family, given = words(name.get("family")), " ".join(filter(None, map(words, listed(name.get("given")))))
    return (", ".join(part for part in (family, given) if part) or words(name.get("text")))[:LONGEST_NAME]
