"""Taking a question back at the EHR: its Task is cancelled, or where no Task can say so, a second Communication does.

Only a Task that stands open is cancelled (http://hl7.org/fhir/R4/task.html#statemachine): one that somebody has completed, rejected or ended otherwise stays as it
is, and a person is told. The Communication of the question stays: it was sent, and that does not become an error by being taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fhir_coder.asking.post import Post
from fhir_coder.asking.question import Question, name, withdrawal_of, withdrawn_task
from fhir_coder.asking.standing import Asked, Standing, failed, is_lasting, not_allowed, unsure
from fhir_coder.exchange import Resource
from fhir_coder.writeback.names import address_of, version_of
from fhir_coder.writeback.receipt_line import number_of
from fhir_coder.writeback.revision import UNDER_WAY, Left, Revise

REASON = "The coder took the question back. No answer is needed."
BY_HAND = "tell the provider that no answer is needed"


def withdraw(question: Question, post: Post | None, at: datetime) -> Asked:
    """Take one asking of a question back; ``at`` is when (aware). Raises an EhrError where the EHR cannot be asked what stands there."""
    if post is None:
        return Asked(Standing.THERE, detail="there is no EHR: nothing was sent")
    task = post.find("Task", name(question, "task"))
    if task is not None:
        return _task_withdrawn(question, post, task, at)
    communication = post.find("Communication", name(question, "communication"))
    said = [kind for kind in ("task", "communication") if post.is_said_to_be_there(name(question, kind))]
    is_out_of_sight = any(post.is_out_of_sight(kind, name(question, kind.lower())) for kind in ("Task", "Communication"))
    if communication is None and not said and not is_out_of_sight:
        in_doubt = [kind for kind in ("Task", "Communication") if post.is_in_doubt(kind, name(question, kind.lower()))]
        return unsure("the question") if in_doubt else Asked(Standing.THERE, detail="the EHR does not hold it: nothing was sent")
    return _told(question, post, address_of(communication) if communication else "", at)


def is_open(task: Resource) -> bool:
    """Whether a Task waits for an answer."""
    return task.get("status") in UNDER_WAY


def join(outcomes: Iterable[Asked]) -> Asked:
    """What several askings of one question come to: what is left to do comes before what is done, and each is told."""
    every = list(outcomes)
    order = (Standing.FAILED, Standing.UNSURE, Standing.REFUSED, Standing.THERE)
    worst = min(every, key=lambda one: order.index(one.standing))
    told = dict.fromkeys(one.detail for one in every if one.detail)
    return Asked(worst.standing, worst.reference, "; ".join(told))


def _task_withdrawn(question: Question, post: Post, task: Resource, at: datetime) -> Asked:
    reference, status = address_of(task), task.get("status")
    if status == "cancelled":
        return Asked(Standing.THERE, reference, "its Task is cancelled")
    if not is_open(task):
        return Asked(Standing.THERE, reference, f"its Task is {status} already, and was left as it is")
    if not post.offer.can("Task", "update") or not version_of(task):  # without a version an update could not be guarded
        return not_allowed(["Task"]) if post.is_forbidden("Task", "update") else _told(question, post, "", at)
    response = post.revise(task, withdrawn_task(question), cancel(at), "Withdrawn")
    if response["status"] == "200 OK":
        return Asked(Standing.THERE, reference, "its Task was ended by somebody meanwhile, and was left as it is")
    if number_of(response) < 300:
        return Asked(Standing.THERE, reference, "its Task is cancelled")
    return failed(response, "the withdrawal of the Task")


def cancel(at: datetime) -> Revise:
    """A Task that stands open, cancelled with the reason; whoever has taken it sees that."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        if not is_open(current):
            return Left(f"its status is {current.get('status')}")
        return current | {"status": "cancelled", "statusReason": {"text": REASON}, "lastModified": at.isoformat(timespec="seconds")}

    return revise


def _told(question: Question, post: Post, communication: str, at: datetime) -> Asked:
    """A Communication that says so, where the EHR takes one: what stands there cannot be changed."""
    own = name(question, "withdrawal")
    if post.is_said_to_be_there(own):
        return Asked(Standing.THERE, detail="the provider was told")
    if not post.offer.can("Communication", "create"):
        if post.is_forbidden("Communication", "create"):
            return not_allowed(["Communication"])
        return Asked(Standing.REFUSED, detail=f"the EHR lets nothing be withdrawn: {BY_HAND}")
    found = post.find("Communication", own)
    if found is None and post.is_in_doubt("Communication", own):
        return unsure("the withdrawal")
    response = {} if found else post.create(withdrawal_of(question, communication, at))
    if found is None and number_of(response) >= 300:
        not_told = failed(response, "the withdrawal")
        return Asked(not_told.standing, detail=f"{not_told.detail}: {BY_HAND}") if is_lasting(response) else not_told
    return Asked(Standing.THERE, address_of(found) if found else "", "a Communication tells the provider that no answer is needed")
