"""A person's signature under codes: what of a proposal becomes a statement, and who vouches for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import PROVENANCE_AGENT


@dataclass(frozen=True, slots=True)
class Signature:
    """``by`` is the signer's reference at the EHR (``Practitioner/7``) or empty, ``name`` how they are known; ``at`` is aware; ``number`` counts the
    signatures of the review from 1.

    ``verification`` gives each code its verificationStatus, which follows from what the provider asserts in the note
    (http://hl7.org/fhir/R4/valueset-condition-ver-status.html): the coder's approval is in the Provenance, as verifier. ``chosen`` are codes that a
    person added or put in the place of others. ``claim`` is the status of the Claim, ``links`` the codes of service lines by number from 1,
    where people decided on any.
    """

    by: str
    name: str
    at: datetime
    number: int
    verification: Mapping[str, str]
    chosen: frozenset[str] = frozenset()
    claim: str = "draft"
    links: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def agent(self) -> Resource:
        """The signer as agent of a Provenance."""
        verifier = {"system": PROVENANCE_AGENT, "code": "verifier", "display": "Verifier"}
        known: Resource = {"reference": self.by} if self.by else {}
        named: Resource = {"display": self.name} if self.name else {}
        return {"type": {"coding": [verifier]}, "who": known | named or {"display": "a person who signed in"}}
