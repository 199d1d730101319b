"""Carrying out a plan: in one transaction where the EHR takes them, else one by one; then reading back what was written.

A failure stops nothing but what depends on it. After a failure that leaves open whether the EHR acted, the resource is looked for before
anything is sent again, and where no answer came at all it is not sent again: the EHR may still be at it. An EHR that does not answer a
search either is not asked any more; coding the encounter again completes what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.addressing import URN, Addresses
from fhir_coder.writeback.ehr_writer import EhrWriter, Offer
from fhir_coder.writeback.fidelity import alterations
from fhir_coder.writeback.names import address_of, name_of, version_of
from fhir_coder.writeback.plan import Action, Step
from fhir_coder.writeback.revision import Left
from fhir_coder.writeback.survey import Surveyor, is_silent, same_provenance
from fhir_coder.writeback.transaction import chunks, kept_resource, transaction_bundle, transaction_entry

_NOT_ACTED = frozenset({429, 503})
_MAY_STILL_ACT = frozenset({502, 504})
"""Answers of a gateway that lost the EHR behind it."""
_READ_BACK = frozenset({"Condition", "Claim", "Task"})


def is_unclear(error: EhrError) -> bool:
    """Whether the EHR may have acted although it did not say so."""
    if isinstance(error, EhrTimeout | EhrUnavailable):
        return error.ehr_status not in _NOT_ACTED
    return 200 <= error.ehr_status < 300


def _may_still_act(error: EhrError) -> bool:
    return is_silent(error) or error.ehr_status in _MAY_STILL_ACT


def _is_done(wanted: Resource, before: Resource, stored: Resource) -> bool:
    """Whether an update without a clear answer was done: there is a newer version, and it says what was sent."""
    return version_of(stored) != version_of(before) and not alterations(wanted, stored)


class Execution:
    """One delivery under way: the responses so far, by the step's ``full_url``."""

    def __init__(
        self,
        steps: Sequence[Step],
        client: EhrWriter,
        offer: Offer,
        surveyor: Surveyor,
        encounter: str,
        silence: FhirCoderError | None = None,
    ) -> None:
        """``silence`` is the error after which the survey found the EHR not answering any more."""
        self._steps = steps
        self._client = client
        self._offer = offer
        self._surveyor = surveyor
        self._encounter = encounter
        self._codes = {one.full_url: one.resource["code"] for one in steps if one.kind == "Condition" and "code" in one.resource}
        self._known = {one.full_url: address_of(one.current) for one in steps if one.current is not None}
        self._responses: dict[str, Resource] = {}
        self._unchanged: set[str] = set()
        self._gone = silence

    def run(self) -> list[Resource]:
        """One response for each step, in order."""
        writing = [one for one in self._steps if one.writes]
        if self._offer.transacts and len(writing) > 1:
            for chunk in chunks(writing):
                self._transact(chunk)
        for step in self._steps:
            if step.full_url not in self._responses:
                self._responses[step.full_url] = self._respond(step)
        return [self._responses[one.full_url] for one in self._steps]

    # -------------------------------------------------------------------------------------------------------------- one by one

    def _respond(self, step: Step) -> Resource:
        match step.action:
            case Action.CREATE:
                return self._create(step)
            case Action.REVISE:
                return self._revise(step)
            case Action.KEEP:
                return receipt.already_there(step.resource, step.current or {})
            case Action.LEAVE:
                return receipt.left(step.current or {}, step.sentence)
            case Action.HOLD:
                return receipt.held(step.sentence)
            case Action.OMIT:
                return receipt.answer("501 Not Implemented", "not-supported", step.sentence, "warning")
            case Action.FAIL:
                return receipt.refused(step.error or EhrRefused(step.sentence))
            case Action.SPARE:
                return self._spared(step)

    def _create(self, step: Step, is_second: bool = False) -> Resource:
        """Create it; once more after the EHR said that it failed and the resource is indeed not there."""
        if self._gone:
            return self._not_attempted(step)
        addressed = self._settled(step)
        if addressed is None:
            return self._spared(step)
        try:
            kept, is_new = self._client.create_once(addressed, self._condition(addressed))
        except EhrError as error:
            if is_unclear(error):
                return self._look_again(step, addressed, error, is_second)
            self._unchanged.add(step.full_url)
            self._gone = error if error.ehr_status in _NOT_ACTED else None
            return receipt.refused(error)
        self._known[step.full_url] = address_of(kept)
        return self._verified(step, "201 Created", addressed, kept) if is_new else receipt.already_there(addressed, kept)

    def _look_again(self, step: Step, addressed: Resource, error: EhrError, is_second: bool) -> Resource:
        try:
            found = self._find(addressed)
        except FhirCoderError as failure:
            self._gone = failure if is_silent(failure) else None
            return self._unknown(step, error)
        if found is not None:
            self._known[step.full_url] = address_of(found)
            return self._verified(step, "201 Created", addressed, found)
        if _may_still_act(error) or not self._surveyor.can_find(step.kind):
            return self._unknown(step, error)
        if is_second:
            self._unchanged.add(step.full_url)
            return receipt.refused(error)
        return self._create(step, is_second=True)

    def _revise(self, step: Step) -> Resource:
        """Update the version that was read; after a 412, and after a failure that leaves open whether the EHR acted, read it again, look
        again whether it may be changed, and try once more."""
        current = step.current or {}
        for is_last in (False, True):
            if self._gone:
                return self._not_attempted(step)
            wanted = self._revised(step, current)
            if isinstance(wanted, Left) and wanted.is_as_wanted and is_last:
                return receipt.written(f"200 {step.word}", current, current, step.sentence)  # ours was the write that went unanswered
            if isinstance(wanted, Left):
                return self._left(step, current, wanted)
            if not version_of(current):
                return self._left(step, current, Left("the EHR gives no version to guard the update with"))
            try:
                kept = self._client.update(wanted, version_of(current))
            except EhrError as error:
                self._gone = error if is_silent(error) else None
                is_open = error.ehr_status == 412 or is_unclear(error)
                stored = None if is_last or self._gone or not is_open else self._stored(step)
                if stored is None:
                    self._unchanged.add(step.full_url)
                    return receipt.refused(error)
                if is_unclear(error) and _is_done(wanted, current, stored):
                    return receipt.written(f"200 {step.word}", wanted, stored, step.sentence)
                current = stored
            else:
                return self._verified(step, f"200 {step.word}", wanted, kept)
        raise AssertionError("the second attempt always answers")

    def _stored(self, step: Step) -> Resource | None:
        """A resource of ours as it stands now; None when the EHR does not give it."""
        if step.current is None or not self._offer.can(step.kind, "read"):
            return None
        try:
            return self._client.read(step.kind, step.current["id"])
        except FhirCoderError as error:
            self._gone = error if is_silent(error) else None
            return None

    def _revised(self, step: Step, current: Resource) -> Resource | Left:
        proposed = self._addresses().settle(step.resource) or step.resource
        return step.revise(current, proposed) if step.revise else Left("", is_as_wanted=True)

    def _left(self, step: Step, current: Resource, why: Left) -> Resource:
        if why.is_as_wanted:
            return receipt.already_there(step.resource, current)
        self._unchanged.add(step.full_url)
        prefix = "Already there with other content; it was left as it is" if step.word == "Updated" else "It was left as it is"
        element = {"Claim": "Claim.diagnosis", "Condition": "Condition.code"}.get(step.kind, "") if step.word == "Updated" else ""
        return receipt.left(current, f"{prefix}: {why.why}", element)

    # ------------------------------------------------------------------------------------------------------------- transaction

    def _transact(self, chunk: Sequence[Step]) -> None:
        """Write a chunk at once. Steps without a response afterwards are for the way one by one."""
        members = self._members(chunk)
        if len(members) < 2 or self._gone:
            return
        try:
            answer = self._client.transact(transaction_bundle([transaction_entry(step, resource) for step, resource in members]))
        except EhrError as error:
            self._not_transacted(members, error)
            return
        kept = {step.full_url: kept_resource(entry, sent) for (step, sent), entry in zip(members, answer["entry"], strict=True)}
        self._known |= {url: address_of(one) for url, one in kept.items() if one is not None}
        for step, sent in members:
            one = kept[step.full_url]
            status = "201 Created" if step.current is None else f"200 {step.word}"
            addressed = self._addresses().replaced(sent)
            self._responses[step.full_url] = self._verified(step, status, addressed, one) if one else self._sought(step, addressed)

    def _members(self, chunk: Sequence[Step]) -> list[tuple[Step, Resource]]:
        """What goes into the transaction: every create, and each update that its revision allows."""
        inside = frozenset(one.full_url for one in chunk if one.action is Action.CREATE and one.full_url.startswith(URN))
        addresses = self._addresses(inside)
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
        if error.ehr_status in _NOT_ACTED:
            self._gone = error
        if not is_unclear(error):
            return
        for step, sent in members:
            if self._gone:
                continue
            if step.current is not None:
                stored = self._stored(step)
                if stored is not None and _is_done(self._addresses().replaced(sent), step.current, stored):
                    self._responses[step.full_url] = receipt.written(f"200 {step.word}", sent, stored, step.sentence)
                continue
            try:
                found = self._find(self._addresses().settle(step.resource) or sent)
            except FhirCoderError as failure:
                self._gone = failure
                self._responses[step.full_url] = self._unknown(step, error)
                continue
            if found is not None:
                self._known[step.full_url] = address_of(found)
                self._responses[step.full_url] = self._verified(step, "201 Created", sent, found)
            elif _may_still_act(error):
                self._responses[step.full_url] = self._unknown(step, error)

    def _sought(self, step: Step, addressed: Resource) -> Resource:
        """The response for a resource that the EHR wrote without saying where."""
        try:
            found = self._find(addressed)
        except FhirCoderError as error:
            return self._unknown(step, error)
        if found is None:
            return self._unknown(step, EhrRefused("the EHR accepted the transaction but does not say under which id"))
        self._known[step.full_url] = address_of(found)
        return self._verified(step, "201 Created", addressed, found)

    # ------------------------------------------------------------------------------------------------------------------ shared

    def _addresses(self, inside: frozenset[str] = frozenset()) -> Addresses:
        return Addresses(self._known, inside, self._codes, self._encounter)

    def _settled(self, step: Step) -> Resource | None:
        return None if step.follows in self._unchanged else self._addresses().settle(step.resource)

    def _find(self, addressed: Resource) -> Resource | None:
        if addressed["resourceType"] != "Provenance":
            return self._surveyor.find(addressed["resourceType"], name_of(addressed))
        provenances = self._surveyor.provenances_of(addressed["target"][0]["reference"])
        return same_provenance(provenances, name_of(addressed), addressed.get("entity", []))

    def _condition(self, resource: Resource) -> str | None:
        """If-None-Exist query where the EHR offers conditional create: two writers at once still write once."""
        kind = resource["resourceType"]
        if not self._offer.conditional_create(kind) or not name_of(resource):
            return None
        if kind != "Provenance":
            identifier = resource["identifier"][0]
            return f"identifier={identifier['system']}|{identifier['value']}"
        # An EHR may keep Provenances of its own for the same target, so the condition names our tag too.
        tag = resource["meta"]["tag"][0]
        target = resource["target"][0]["reference"]
        return f"target={target}&_tag={tag['system']}|{tag['code']}" if self._offer.searches(kind, "_tag") else None

    def _verified(self, step: Step, status: str, sent: Resource, kept: Resource) -> Resource:
        """The response after reading back, where the EHR offers that."""
        if step.kind not in _READ_BACK or not self._offer.can(step.kind, "read"):
            return receipt.written(status, sent, kept, step.sentence)
        if self._gone:
            return receipt.unverified(status, kept, step.sentence)
        try:
            stored = self._client.read(step.kind, kept["id"])
        except FhirCoderError as error:
            self._gone = error if is_silent(error) else None
            return receipt.unverified(status, kept, step.sentence)
        return receipt.written(status, sent, stored, step.sentence)

    def _spared(self, step: Step) -> Resource:
        self._unchanged.add(step.full_url)
        if step.kind == "Provenance":
            return receipt.answer("424 Failed Dependency", "incomplete", step.sentence or "Its target was not written.", "warning")
        return receipt.answer("204 No Content", "informational", step.sentence, "information")

    def _unknown(self, step: Step, error: FhirCoderError) -> Resource:
        self._unchanged.add(step.full_url)
        return receipt.unknown(error)

    def _not_attempted(self, step: Step) -> Resource:
        self._unchanged.add(step.full_url)
        return receipt.not_attempted(self._gone or EhrUnavailable("the EHR stopped answering"))
