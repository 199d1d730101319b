"""Writing many resources at once, in one transaction. What it leaves without a response is for the way one by one."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.errors import EhrError, EhrRefused, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.addressing import URN
from fhir_coder.writeback.course import NOT_ACTED, Course, is_done, is_unclear, may_still_act
from fhir_coder.writeback.names import address_of, version_of
from fhir_coder.writeback.revision import Left
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.transaction import kept_resource, transaction_bundle, transaction_entry


class AtOnce:
    """Carries out steps together; ``responses`` by the step's ``full_url``."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self.responses: dict[str, Resource] = {}

    def write(self, chunk: Sequence[Step]) -> None:
        """Write a chunk of the plan in one transaction."""
        members = self._members(chunk)
        if len(members) < 2 or self._course.gone:
            return
        try:
            answer = self._course.client.transact(transaction_bundle([transaction_entry(step, resource) for step, resource in members]))
        except EhrError as error:
            self._not_transacted(members, error)
            return
        kept = {step.full_url: kept_resource(entry, sent) for (step, sent), entry in zip(members, answer["entry"], strict=True)}
        self._course.known |= {url: address_of(one) for url, one in kept.items() if one is not None}
        for step, sent in members:
            one = kept[step.full_url]
            status = "201 Created" if step.current is None else f"200 {step.word}"
            addressed = self._course.addresses().replaced(sent)
            self.responses[step.full_url] = self._course.verified(step, status, addressed, one) if one else self._sought(step, addressed)

    def _members(self, chunk: Sequence[Step]) -> list[tuple[Step, Resource]]:
        """What goes into the transaction: every create, and each update that its revision allows."""
        inside = frozenset(one.full_url for one in chunk if one.action is Action.CREATE and one.full_url.startswith(URN))
        addresses = self._course.addresses(inside)
        members: list[tuple[Step, Resource]] = []
        for step in chunk:
            settled = addresses.settle(step.resource)
            if step.action is Action.REVISE and step.revise and step.current and version_of(step.current):
                wanted = step.revise(step.current, settled or step.resource)
                if not isinstance(wanted, Left):
                    members.append((step, wanted))
            elif step.action is Action.CREATE and settled is not None:
                members.append((step, settled))
        going = {step.full_url for step, _ in members}
        revised = {one.full_url for one in chunk if one.action is Action.REVISE}
        return [(step, resource) for step, resource in members if step.follows not in revised - going]

    def _not_transacted(self, members: Sequence[tuple[Step, Resource]], error: EhrError) -> None:
        """After a refusal nothing was written, and the resources are tried one by one. Otherwise they are looked for first."""
        if error.ehr_status in NOT_ACTED:
            self._course.gone = error
        if not is_unclear(error):
            return
        for step, sent in members:
            if self._course.gone:
                continue
            if step.current is not None:
                stored = self._course.stored(step)
                if stored is not None and is_done(self._course.addresses().replaced(sent), step.current, stored):
                    self.responses[step.full_url] = receipt.written(f"200 {step.word}", sent, stored, step.sentence)
                continue
            try:
                settled = self._course.addresses().settle(step.resource)
                found = self._course.find(settled) if settled else None
            except FhirCoderError as failure:
                self._course.gone = failure
                self.responses[step.full_url] = self._course.unknown(step, error)
                continue
            if found is not None:
                self._course.known[step.full_url] = address_of(found)
                self.responses[step.full_url] = self._course.verified(step, "201 Created", sent, found)
            elif may_still_act(error):
                self.responses[step.full_url] = self._course.unknown(step, error)

    def _sought(self, step: Step, addressed: Resource) -> Resource:
        """The response for a resource that the EHR wrote without saying where."""
        try:
            found = self._course.find(addressed)
        except FhirCoderError as error:
            return self._course.unknown(step, error)
        if found is None:
            return self._course.unknown(step, EhrRefused("the EHR accepted the transaction but does not say under which id"))
        self._course.known[step.full_url] = address_of(found)
        return self._course.verified(step, "201 Created", addressed, found)
