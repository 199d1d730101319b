"""On what terms a proposal is delivered: for which encounter, what stands, what was written before, and whether a person signed it off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fhir_coder.arrival import ABSENT, BEGUN, PRESENT, UNANSWERED
from fhir_coder.exchange import Resource
from fhir_coder.model import Outcome
from fhir_coder.writeback.names import name_of
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.signature import Signature

WRITTEN = ("201", "200 Updated")
"""Receipt statuses that say that the EHR holds what we sent; ``200 OK`` says that it held something already."""

VOIDED = "Voided"
"""Word in the receipt for a Claim that a signature without codes cancelled; one that was cancelled because the patient pays is ``Retired``."""


class KeptWrite(Protocol):
    """One line of an earlier receipt with the resource that it answers to, which is None for what was retired."""

    @property
    def resource(self) -> Resource | None:
        """The proposed resource, its references as ``urn:uuid``."""

    @property
    def status(self) -> str:
        """``response.status`` of the receipt."""

    @property
    def location(self) -> str:
        """``response.location``: ``Type/id``, with ``/_history/version`` where the EHR has versions."""


@dataclass(frozen=True, slots=True)
class EarlierWrite:
    """Where a resource of ours stands. ``version`` and ``resource`` are what we wrote last, empty and None when only the address is known."""

    address: str
    version: str = ""
    resource: Resource | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier codings of the encounter wrote, by name, and the versioned addresses of what they retired, and of Claims that a signature without
    codes voided.

    ``begun`` is what was to be written and has no answer, by name: with the version that was to be changed, or without an address where it was to be
    created. ``leaving`` is the same of what was to be retired: its versioned address, and whether that was to void, by address. ``present`` names what a person found at the EHR, where is not
    known. ``adopted`` names those of ``begun``, and addresses those of ``leaving``, that were seen to be written (:mod:`fhir_coder.writeback.adoption`).
    """

    writes: Mapping[str, EarlierWrite] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    voided: frozenset[str] = frozenset()
    begun: Mapping[str, EarlierWrite] = field(default_factory=dict)
    leaving: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    adopted: frozenset[str] = frozenset()


def read_earlier(kept: Iterable[KeptWrite]) -> Earlier:
    """From the receipts of all earlier codings of one encounter at one EHR, oldest first."""
    reading = _Reading()
    for one in kept:
        name = name_of(one.resource) if one.resource else ""
        if one.resource is None:
            reading.leave(one)
        elif name:
            reading.write(one, name, one.resource)
    return Earlier(
        reading.writes, frozenset(reading.retired), frozenset(reading.voided), reading.begun, reading.leaving, frozenset(reading.present)
    )


@dataclass(slots=True)
class _Reading:
    """What the lines so far come to."""

    writes: dict[str, EarlierWrite] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)
    begun: dict[str, EarlierWrite] = field(default_factory=dict)
    leaving: dict[str, tuple[str, bool]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def write(self, one: KeptWrite, name: str, resource: Resource) -> None:
        """A line about a proposed resource."""
        address, _, version = one.location.partition("/_history/")
        if one.status.startswith((BEGUN, UNANSWERED)) or (address and one.status.startswith("5")):
            self.begun[name] = EarlierWrite(address, version, resource)
        elif one.status.startswith((ABSENT, PRESENT)):
            self.begun.pop(name, None)
            self.present |= {name} if one.status.startswith(PRESENT) else set()
        elif address:
            self.begun.pop(name, None)
            self.present.discard(name)
            if one.status.startswith(WRITTEN):
                self.writes[name] = EarlierWrite(address, version, resource)
            else:
                self.writes.setdefault(name, EarlierWrite(address))

    def leave(self, one: KeptWrite) -> None:
        """A line about a resource of an earlier coding."""
        address = one.location.partition("/_history/")[0]
        if one.status.startswith((BEGUN, "5")):
            self.leaving[address] = one.location, one.status.endswith(VOIDED) or self.leaving.get(address, ("", False))[1]
            return
        self.leaving.pop(address, None)
        if one.status.startswith("200 Retired"):
            self.retired.add(one.location)
        elif one.status.startswith(f"200 {VOIDED}"):
            self.voided.add(one.location)


@dataclass(frozen=True, slots=True)
class Terms:
    """``key`` names the encounter in identifiers (empty: nothing can be told to be ours, and nothing is retired); ``patient`` and ``encounter``
    are references; ``codes`` are all codes that the coding stands by, proposed or agreed.

    ``write_before_review``: True writes at once, False holds diagnoses and claim until sign-off, None holds what the EHR could not take
    back. ``is_signed_off``: no review is awaited, because a person gave it or the encounter passed. ``withheld`` are pairs of resource type and
    interaction that are not carried out, whatever the EHR offers. ``signature``: a person signed these very codes, so that what an earlier
    signature wrote may be changed too. ``is_void``: they signed that no code is left, and nothing else forbids a Claim.
    """

    key: str = ""
    patient: str = ""
    encounter: str = ""
    codes: frozenset[str] = frozenset()
    earlier: Earlier = Earlier()
    write_before_review: bool | None = None
    is_signed_off: bool = False
    withheld: frozenset[tuple[str, str]] = frozenset()
    signature: Signature | None = None
    is_void: bool = False

    def withholds_update(self, kind: str) -> bool:
        """Whether the token does not allow it, whatever the EHR offers."""
        return (kind, "update") in self.withheld


def terms_of(proposal: Proposal, write_before_review: bool | None, kept: Iterable[KeptWrite] = ()) -> Terms:
    """The terms of a coding that has just been made; an encounter that passed awaits nobody."""
    return Terms(
        key=proposal.key,
        patient=proposal.patient_reference().get("reference", ""),
        encounter=(proposal.encounter_reference() or {}).get("reference", ""),
        codes=frozenset(one.code for one in proposal.assignments),
        earlier=read_earlier(kept),
        write_before_review=write_before_review,
        is_signed_off=proposal.disposition.outcome is Outcome.PASS or proposal.signature is not None,
        signature=proposal.signature,
        is_void=proposal.signature is not None and not proposal.assignments and not proposal.encounter.self_pay,
    )
