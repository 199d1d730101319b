"""Sending a question to the EHR, as far as the EHR takes one: once, whatever happened to an earlier attempt."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fhir_coder.asking.question import Question, communication_of, task_of
from fhir_coder.errors import EhrRefused
from fhir_coder.exchange import Resource
from fhir_coder.writeback.ehr_writer import EhrWriter, Offer
from fhir_coder.writeback.names import address_of, name_of
from fhir_coder.writeback.permitted import PermittedOffer

TYPES = ("Communication", "Task")


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the question stands at the EHR: the Task if there is one, else the Communication. ``is_delivered`` is False where the EHR takes neither:
    a person has to send it."""

    is_delivered: bool
    reference: str = ""
    detail: str = ""


def ask(question: Question, client: EhrWriter | None, withheld: Collection[tuple[str, str]] = ()) -> Asked:
    """Send a question. ``withheld``: what the caller's token does not allow.

    Raises an EhrError where the EHR fails: it may be sent again, and what arrived already is found again by its identifier.
    """
    if client is None:
        return Asked(False, detail="there is no EHR to send it to")
    offer = PermittedOffer(client.capabilities(), withheld)
    offered = [kind for kind in TYPES if offer.can(kind, "create")]
    if not offered:
        return Asked(False, detail="the EHR takes neither Communication nor Task from us")
    sender = _Sender(client, offer)
    words = sender.once(communication_of(question)) if "Communication" in offered else ""
    task = sender.once(task_of(question, words)) if "Task" in offered else ""
    return Asked(True, task or words, "" if task else "the EHR takes no Task: it holds the question as a Communication")


@dataclass(frozen=True, slots=True)
class _Sender:
    client: EhrWriter
    offer: Offer

    def once(self, resource: Resource) -> str:
        """The address of the resource, which is looked for first: an attempt before may have arrived without an answer."""
        found = next(self._there(resource), None)
        if found is not None:
            return address_of(found)
        identifier = resource["identifier"][0]
        condition = f"identifier={identifier['system']}|{identifier['value']}"
        kind = resource["resourceType"]
        made, _ = self.client.create_once(resource, condition if self.offer.conditional_create(kind) else None)
        return address_of(made)

    def _there(self, resource: Resource) -> Iterator[Resource]:
        """Ours, of those that a search gives: servers may ignore what they are asked for."""
        kind, identifier = resource["resourceType"], resource["identifier"][0]
        if not (self.offer.can(kind, "search-type") and self.offer.may_search(kind, "identifier")):
            return
        try:
            for one in self.client.search(kind, {"identifier": f"{identifier['system']}|{identifier['value']}"}):
                if name_of(one) == identifier["value"]:
                    yield one
        except EhrRefused:
            return
