"""What sending a question and withdrawing it share: one resource at a time, looked for first, kept before it is sent and with its answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import PROPOSAL_IDENTIFIER
from fhir_coder.writeback import receipt
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.ehr_writer import EhrWriter
from fhir_coder.writeback.names import address_of, name_of
from fhir_coder.writeback.one_by_one import OneByOne
from fhir_coder.writeback.permitted import PermittedOffer
from fhir_coder.writeback.revision import Revise
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import Surveyor
from fhir_coder.writeback.terms import Earlier, Terms


class Kept(Protocol):
    """Where what is sent is kept; bound to one coding."""

    def earlier(self) -> Earlier:
        """What was sent before."""

    def begin(self, bundle: Resource, begun: Resource) -> int:
        """Keep what is about to be sent."""

    def keep(self, bundle: Resource, receipt: Resource, number: int) -> None:
        """Keep the answer in its place."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom and which encounter the resources are about, as references or empty: by these they are looked for where identifiers cannot be searched."""

    patient: str
    encounter: str


class Post:
    """The way to one EHR for one question. ``withheld``: what the caller's token does not allow."""

    def __init__(self, client: EhrWriter, whom: Whom, kept: Kept, withheld: Collection[tuple[str, str]] = ()) -> None:
        self._client = client
        self._whom = whom
        self._kept = kept
        self._withheld = frozenset(withheld)
        self.offered = client.capabilities()
        self.offer = PermittedOffer(self.offered, self._withheld)

    def is_forbidden(self, kind: str, interaction: str) -> bool:
        """Whether the EHR offers it and the token does not allow it."""
        return self.offered.can(kind, interaction) and not self.offer.can(kind, interaction)

    def find(self, kind: str, name: str) -> Resource | None:
        """The resource of that name, wherever it was created by. Raises an EhrError."""
        return self._surveyor().find(kind, name)

    def is_in_doubt(self, kind: str, name: str) -> bool:
        """Whether an attempt before may have created it, and neither a search nor a conditional create can tell."""
        begun = self._kept.earlier().begun.get(name)
        if begun is None or begun.address:
            return False
        return not (self._surveyor().can_find(kind) or self.offer.conditional_create(kind))

    def is_said_to_be_there(self, name: str) -> bool:
        """Whether a person found it at the EHR."""
        return name in self._kept.earlier().present

    def is_out_of_sight(self, kind: str, name: str) -> bool:
        """Whether it was written, and the EHR lets it neither be read nor searched."""
        is_visible = self.offer.can(kind, "read") or self._surveyor().can_find(kind)
        return name in self._kept.earlier().writes and not is_visible

    def address(self, kind: str, name: str) -> str:
        """Where it stands: as found, or as the EHR answered where it lets nothing be looked at; empty where it does not. Raises an EhrError."""
        if found := self.find(kind, name):
            return address_of(found)
        return self._kept.earlier().writes[name].address if self.is_out_of_sight(kind, name) else ""

    def create(self, resource: Resource) -> Resource:
        """Create it once; the line of the receipt."""
        return self._carried_out(Step(Action.CREATE, full_url(name_of(resource)), resource))

    def revise(self, current: Resource, proposed: Resource, revise: Revise, word: str) -> Resource:
        """Change the version that stands, if it may be changed; the line of the receipt, which ``word`` tells what was done. ``proposed`` names it."""
        return self._carried_out(Step(Action.REVISE, full_url(name_of(proposed)), proposed, current, revise, word))

    def _carried_out(self, step: Step) -> Resource:
        """Kept before it is sent: a process that dies in between leaves what the next attempt looks for."""
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": step.full_url, "resource": step.resource}]}
        number = self._kept.begin(bundle, receipt.receipt_of([receipt.begun(step.current)]))
        response = OneByOne(Course([step], self._client, self.offer, self._surveyor(), "")).respond(step)
        self._kept.keep(bundle, receipt.receipt_of([response]), number)
        return response

    def _surveyor(self) -> Surveyor:
        return Surveyor(
            self._client, self.offer, Terms(patient=self._whom.patient, encounter=self._whom.encounter, earlier=self._kept.earlier())
        )


def full_url(name: str) -> str:
    """The ``urn:uuid`` of a resource of ours in what is kept."""
    return uuid5(NAMESPACE_URL, f"{PROPOSAL_IDENTIFIER}|{name}").urn
