"""Writing one resource at a time: creates, under a condition where the EHR honours one, and guarded updates.

After a failure that leaves open whether the EHR acted, the resource is looked for before anything is sent again, and where no answer came at
all it is not sent again: the EHR may still be at it.
"""

from __future__ import annotations

from fhir_coder.errors import EhrError, EhrRefused, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.adoption import is_as_begun
from fhir_coder.writeback.course import NOT_ACTED, Course, is_done, is_unclear, may_still_act
from fhir_coder.writeback.names import address_of, version_of
from fhir_coder.writeback.revision import Left
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import is_silent
from fhir_coder.writeback.terms import EarlierWrite

_CUT_SHORT = "An attempt that was cut short had written it."


class OneByOne:
    """Carries out single steps."""

    def __init__(self, course: Course) -> None:
        self._course = course

    def respond(self, step: Step) -> Resource:
        """Carry a step out; its response."""
        match step.action:
            case Action.CREATE:
                return self._create(step)
            case Action.REVISE:
                return self._revise(step)
            case Action.KEEP:
                return receipt.already_there(step.resource, step.current or {})
            case Action.LEAVE:
                return receipt.left(step.current or {}, step.sentence, issue_code=step.issue)
            case Action.ADOPT:
                return receipt.written(f"200 {step.word}", step.resource, step.current or {}, _CUT_SHORT)
            case Action.DOUBT:
                self._course.unchanged.add(step.full_url)
                return receipt.not_sent_again(step.kind)
            case Action.HOLD:
                return receipt.held(step.sentence)
            case Action.OMIT:
                return receipt.omitted(step.sentence, step.current)
            case Action.FAIL:
                return receipt.refused(step.error or EhrRefused(step.sentence))
            case Action.SPARE:
                return self._course.spared(step)

    def _create(self, step: Step, is_second: bool = False) -> Resource:
        """Create it; once more after the EHR said that it failed and the resource is indeed not there."""
        if self._course.gone:
            return self._course.not_attempted(step)
        addressed = self._course.settled(step)
        if addressed is None:
            return self._course.spared(step)
        try:
            kept, is_new = self._course.client.create_once(addressed, self._course.condition(addressed))
        except EhrError as error:
            if is_unclear(error):
                return self._look_again(step, addressed, error, is_second)
            self._course.unchanged.add(step.full_url)
            self._course.gone = error if error.ehr_status in NOT_ACTED else None
            return receipt.refused(error)
        self._course.known[step.full_url] = address_of(kept)
        is_ours = is_new or (step.is_alone and is_as_begun(kept, EarlierWrite("", "", addressed)))
        return self._course.verified(step, "201 Created", addressed, kept) if is_ours else receipt.already_there(addressed, kept)

    def _look_again(self, step: Step, addressed: Resource, error: EhrError, is_second: bool) -> Resource:
        try:
            found = self._course.find(addressed)
        except FhirCoderError as failure:
            self._course.gone = failure if is_silent(failure) else None
            return self._course.unknown(step, error)
        if found is not None:
            self._course.known[step.full_url] = address_of(found)
            return self._course.verified(step, "201 Created", addressed, found)
        if may_still_act(error) or not self._course.surveyor.can_find(step.kind):
            return self._course.unknown(step, error)
        if is_second:
            self._course.unchanged.add(step.full_url)
            return receipt.refused(error)
        return self._create(step, is_second=True)

    def _revise(self, step: Step) -> Resource:
        """Update the version that was read; after a 412, and after a failure that leaves open whether the EHR acted, read it again, look
        again whether it may be changed, and try once more."""
        current = step.current or {}
        for is_last in (False, True):
            if self._course.gone:
                return self._course.not_attempted(step)
            wanted = self._revised(step, current)
            if isinstance(wanted, Left) and wanted.is_as_wanted and is_last:
                return receipt.written(f"200 {step.word}", current, current, step.sentence)  # ours was the write that went unanswered
            if isinstance(wanted, Left):
                return self._left(step, current, wanted)
            if not version_of(current):
                return self._left(step, current, Left("the EHR gives no version to guard the update with"))
            try:
                kept = self._course.client.update(wanted, version_of(current))
            except EhrError as error:
                self._course.gone = error if is_silent(error) else None
                is_open = error.ehr_status == 412 or is_unclear(error)
                stored = None if is_last or self._course.gone or not is_open else self._course.stored(step)
                if stored is None:
                    self._course.unchanged.add(step.full_url)
                    return receipt.refused(error)
                if is_unclear(error) and is_done(wanted, current, stored):
                    return receipt.written(f"200 {step.word}", wanted, stored, step.sentence)
                current = stored
            else:
                return self._course.verified(step, f"200 {step.word}", wanted, kept)
        raise AssertionError("the second attempt always answers")

    def _revised(self, step: Step, current: Resource) -> Resource | Left:
        proposed = self._course.addresses().settle(step.resource) or step.resource
        return step.revise(current, proposed) if step.revise else Left("", is_as_wanted=True)

    def _left(self, step: Step, current: Resource, why: Left) -> Resource:
        if why.is_as_wanted:
            return receipt.already_there(step.resource, current)
        self._course.unchanged.add(step.full_url)
        prefix = "Already there with other content; it was left as it is" if step.word == "Updated" else "It was left as it is"
        element = {"Claim": "Claim.diagnosis", "Condition": "Condition.code"}.get(step.kind, "") if step.word == "Updated" else ""
        return receipt.left(current, f"{prefix}: {why.why}", element)
