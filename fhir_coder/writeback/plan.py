"""The plan of a delivery: from what is proposed, what stands at the EHR and what it offers to one step for each resource. A pure function.

What cannot be retracted is held until sign-off unless the site says otherwise: a Condition, once created where the EHR offers no update,
could not be marked as an error. A Provenance follows its target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fhir_coder.exchange import Resource
from fhir_coder.writeback.ehr_writer import Offer
from fhir_coder.writeback.names import (
    address_of,
    is_by_this_software,
    is_withdrawn,
    name_of,
    token_in,
    version_of,
)
from fhir_coder.writeback.provenance import renamed
from fhir_coder.writeback.retirement import Retiring, not_allowed, verified
from fhir_coder.writeback.revision import (
    Left,
    Revise,
    complete_task,
    refresh_condition,
    revise_claim,
    revise_task,
    revive_condition,
    sign_claim,
    sign_condition,
    task_topic,
)
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import Survey, same_provenance
from fhir_coder.writeback.terms import EarlierWrite, Terms
from fhir_coder.writeback.touched import claim_codes


def plan(bundle: Resource, survey: Survey, offer: Offer, terms: Terms) -> tuple[Step, ...]:
    """One step for each entry of ``bundle``, in order, then those that retire what earlier codings wrote and this one does not propose."""
    planner = _Planner(survey, offer, terms, bundle.get("timestamp", ""))
    steps: dict[str, Step] = {}
    for entry in bundle["entry"]:
        url, resource = entry["fullUrl"], entry["resource"]
        is_provenance = resource["resourceType"] == "Provenance"
        step = planner.provenance(url, resource, steps) if is_provenance else planner.step(url, resource, steps)
        steps[url] = planner.after_a_cut(step)
    return (
        *steps.values(),
        *Retiring(survey, offer, terms, bundle.get("timestamp", "")).steps({name_of(one.resource) for one in steps.values()}),
    )


_NOT_THERE = frozenset({Action.OMIT, Action.FAIL, Action.DOUBT, Action.SPARE})
"""After these there is nothing that a Provenance could be about."""


@dataclass(frozen=True, slots=True)
class _Planner:
    survey: Survey
    offer: Offer
    terms: Terms
    instant: str

    def step(self, url: str, resource: Resource, steps: Mapping[str, Step]) -> Step:
        """A Condition, Claim or Task; ``steps`` are those before it."""
        kind, name = resource["resourceType"], name_of(resource)
        if not self.offer.can(kind, "create") and name not in self.survey.existing:
            return Step(Action.OMIT, url, resource, sentence=f"The EHR does not offer create for {kind}.")
        if error := self.survey.failures.get(name):
            return Step(Action.FAIL, url, resource, error=error)
        if current := self.survey.existing.get(name):
            return self._existing(url, resource, current, is_news=any(one.action is Action.CREATE for one in steps.values()))
        if kind == "Task":
            return self._new_task(url, resource)
        if sentence := self._held(kind):
            return Step(Action.HOLD, url, resource, sentence=sentence)
        return Step(Action.CREATE, url, resource)

    def after_a_cut(self, step: Step) -> Step:
        """The step, where an attempt before it was cut short: what that wrote is ours, and what it may have created is not created blindly."""
        name, earlier = name_of(step.resource), self.terms.earlier
        if step.action is Action.KEEP and name in earlier.adopted:
            return replace(step, action=Action.ADOPT)
        if step.action is Action.CREATE and name in earlier.present:
            return replace(step, action=Action.SPARE, sentence="It is there, a person said; under which id is not known here.")
        if step.action is not Action.CREATE or name not in earlier.begun or step.kind not in self.survey.blind:
            return step
        if self.offer.conditional_create(step.kind):
            return replace(step, is_alone=True)
        return replace(step, action=Action.DOUBT)

    def provenance(self, url: str, resource: Resource, steps: Mapping[str, Step]) -> Step:
        """A Provenance, which goes the way of its target."""
        if not self.offer.can("Provenance", "create"):
            return Step(Action.OMIT, url, resource, sentence="The EHR does not offer create for Provenance.")
        target = steps.get(resource["target"][0]["reference"])
        if target is None or target.action in _NOT_THERE or _is_error(target):
            return Step(Action.SPARE, url, resource, sentence="Its target was not written.")
        if target.action is Action.HOLD:
            return Step(Action.HOLD, url, resource, sentence="Its target is held until sign-off.")
        if target.current is None:
            return Step(Action.CREATE, url, resource, follows=target.full_url)
        if error := self.survey.failures.get(address_of(target.current)):
            return Step(Action.FAIL, url, resource, error=error)
        return self._of_existing(url, resource, target, target.current)

    def _existing(self, url: str, resource: Resource, current: Resource, is_news: bool) -> Step:
        kind, earlier = resource["resourceType"], self.terms.earlier.writes.get(name_of(resource))
        if self.terms.signature:
            revise = self._signed(resource, current, earlier)
        elif kind == "Condition":
            revise = self._condition(resource, current, earlier)
        elif kind == "Claim":
            revise = self._claim(resource, current, earlier)
        else:
            revise = self._task(resource, earlier, is_news)
        if isinstance(revise, Left):
            return Step(Action.KEEP if revise.is_as_wanted else Action.LEAVE, url, resource, current, sentence=revise.why)
        if not self.offer.can(kind, "update"):
            if self.terms.signature and self.terms.withholds_update(kind):
                return Step(Action.OMIT, url, resource, current, sentence=not_allowed(kind))
            return Step(Action.KEEP, url, resource, current)
        return Step(Action.REVISE, url, resource, current, revise)

    def _signed(self, resource: Resource, current: Resource, earlier: EarlierWrite | None) -> Revise | Left:
        """What a person's signature makes of a resource: judged once here, so that what stands already is kept."""
        if resource["resourceType"] == "Task":
            return self._if_needed(complete_task(self.instant), resource, current)
        if resource["resourceType"] == "Claim":
            return self._if_needed(sign_claim(earlier, self.terms.earlier.voided), resource, current)
        if token_in(current.get("verificationStatus")) == "entered-in-error":
            return self._condition(resource, current, earlier)
        return verified(self.survey, current) or self._if_needed(
            sign_condition(self._code_of(name_of(resource)), earlier), resource, current
        )

    def _if_needed(self, revise: Revise, resource: Resource, current: Resource) -> Revise | Left:
        outcome = revise(current, resource)
        return outcome if isinstance(outcome, Left) else revise

    def _condition(self, resource: Resource, current: Resource, earlier: EarlierWrite | None) -> Revise | Left:
        retired = self.terms.earlier.retired
        if token_in(current.get("verificationStatus")) == "entered-in-error":
            if not is_withdrawn(current, retired):
                return Left("Already there, and somebody marked it as entered in error")
            is_told = self.terms.signature is not None and self.terms.withholds_update("Condition")  # as not allowed, by the caller
            if is_told or self.offer.can("Condition", "update"):
                return revive_condition(retired)
            return Left("Already there as withdrawn, and the EHR offers no update for Condition")
        before = earlier.resource if earlier else None
        is_same = before is None or all(before.get(element) == resource.get(element) for element in ("code", "evidence"))
        is_same = is_same and (before is None or _labels(before) == _labels(resource))
        if is_same or self._is_verified(current):
            return Left("", is_as_wanted=True)
        return refresh_condition(self._code_of(name_of(resource)), earlier)

    def _claim(self, resource: Resource, current: Resource, earlier: EarlierWrite | None) -> Revise | Left:
        if current.get("status") == "cancelled":
            return Left("Already there, and cancelled")
        before = earlier.resource if earlier else None
        is_same = claim_codes(current) == claim_codes(resource)
        if is_same or (before is not None and claim_codes(before) == claim_codes(resource)):
            return Left("", is_as_wanted=True)
        return revise_claim(earlier)

    def _task(self, resource: Resource, earlier: EarlierWrite | None, is_news: bool) -> Revise | Left:
        """``is_news``: something is written now that the Task could only name by code or not at all before."""
        before = earlier.resource if earlier else None
        if before is not None and task_topic(before) == task_topic(resource) and not is_news:
            return Left("", is_as_wanted=True)
        return revise_task(earlier)

    def _new_task(self, url: str, resource: Resource) -> Step:
        if self.terms.is_signed_off:
            return Step(Action.SPARE, url, resource, sentence="Signed off: no review is asked for.")
        if self.terms.write_before_review is not True and not self.offer.can("Task", "update"):
            sentence = "The EHR does not offer update for Task: it could not be closed."
            return Step(Action.OMIT, url, resource, sentence=sentence)
        return Step(Action.CREATE, url, resource)

    def _held(self, kind: str) -> str:
        """Why the creation of a diagnosis or claim waits for sign-off, or empty."""
        if self.terms.is_signed_off or self.terms.write_before_review is True:
            return ""
        if self.terms.write_before_review is False:
            return "Held until sign-off: this EHR is written after review only."
        return (
            ""
            if self.offer.can(kind, "update")
            else f"Held until sign-off: the EHR offers no update for {kind}, so it could not be withdrawn."
        )

    def _of_existing(self, url: str, resource: Resource, target: Step, current: Resource) -> Step:
        """The Provenance of a Condition that was there: of its revision, or of new evidence; one that stands already is not repeated."""
        provenances = self.survey.provenances.get(address_of(current), ())
        name = name_of(resource)
        known = same_provenance(provenances, name, resource.get("entity", []))
        is_kept = known is not None or name in self.terms.earlier.writes
        activity = "UPDATE" if target.writes or any(map(is_by_this_software, provenances)) else "CREATE"
        if not is_kept:
            return Step(Action.CREATE, url, renamed(resource, name, activity), follows=target.full_url)
        if target.writes and version_of(current):
            changed = renamed(resource, f"{name}.{version_of(current)}", activity)
            return Step(Action.CREATE, url, changed, follows=target.full_url)
        return Step(Action.KEEP, url, resource, known or _at(self.terms.earlier.writes[name]))

    def _code_of(self, name: str) -> str:
        return name.removeprefix(f"{self.terms.key}.condition.")

    def _is_verified(self, current: Resource) -> bool:
        return verified(self.survey, current) is not None


def _labels(resource: Resource) -> list[Resource]:
    return list(resource.get("meta", {}).get("security", ()))


def _is_error(step: Step) -> bool:
    """Whether a Condition stands as an error and stays so."""
    return step.action is Action.LEAVE and token_in((step.current or {}).get("verificationStatus")) == "entered-in-error"


def _at(earlier: EarlierWrite) -> Resource:
    """What is known of a resource that cannot be searched: its address and version."""
    kind, _, resource_id = earlier.address.partition("/")
    return {"resourceType": kind, "id": resource_id} | ({"meta": {"versionId": earlier.version}} if earlier.version else {})
