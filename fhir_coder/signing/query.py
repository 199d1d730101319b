"""The question of a decision, on its way to the provider, and its withdrawal: what an undo takes back is taken back at the EHR too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from fhir_coder.asking.delivery import TYPES, ask
from fhir_coder.asking.post import Post, Whom
from fhir_coder.asking.question import Question, name, question_key
from fhir_coder.asking.standing import Asked, Standing, unsure
from fhir_coder.asking.withdrawal import is_open, join, withdraw
from fhir_coder.exchange import Resource
from fhir_coder.signing.performing import Task
from fhir_coder.signing.signed_proposal import practitioner
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.store.records import StoredEncounter, StoredWrite
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.decision import Recorded
from fhir_coder.worklist.following import FollowUp, Kind, Progress
from fhir_coder.worklist.questions import asked_by, askings, taken_back_by
from fhir_coder.worklist.review import Remark, Review
from fhir_coder.writeback.names import address_of
from fhir_coder.writeback.terms import Earlier, EarlierWrite, read_earlier

_PROGRESS = {
    Standing.THERE: Progress.DONE,
    Standing.REFUSED: Progress.UNDELIVERED,
    Standing.FAILED: Progress.FAILED,
    Standing.UNSURE: Progress.UNSURE,
}


class Holds(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def exclusively(self, tenant: str, ehr: str, encounter: str) -> AbstractContextManager[None]:
        """Hold the encounter while it is written."""


class Finds(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding."""


class Remembers(Protocol):
    """What this needs of :class:`fhir_coder.store.deliveries.Deliveries`."""

    def begin(self, tenant: str, coding_id: str, bundle: Resource, begun: Resource) -> int:
        """Keep what is about to be sent."""

    def keep(self, tenant: str, coding_id: str, bundle: Resource, receipt: Resource, number: int = 0) -> None:
        """Keep the answer."""

    def of_coding(self, tenant: str, coding_id: str) -> tuple[StoredWrite, ...]:
        """What was sent for a coding."""


class Questions:
    """``follow_ups_of`` gives the duties of a coding: those done before what is sent was kept name the Task that they made. ``now`` tells the time (aware)."""

    def __init__(
        self,
        memory: Holds,
        reviews: Finds,
        deliveries: Remembers,
        follow_ups_of: Callable[[str, str], Sequence[FollowUp]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._memory = memory
        self._reviews = reviews
        self._deliveries = deliveries
        self._follow_ups_of = follow_ups_of
        self._now = now

    def deliver(self, task: Task) -> Outcome:
        """Send the question that a decision asks, as far as the EHR takes questions. One that was taken back meanwhile is not sent, and one that was taken back
        and stands again is sent anew only where its Task does not stand open."""
        coding, sequence = task.coding, task.follow_up.sequence
        with self._held(coding):
            opened = self._opened(task)
            remark, places = _remark(opened, sequence), askings(opened.history, asked_by(opened.history, sequence))
            if remark is None:
                return Outcome(
                    Progress.OVERTAKEN if self._kept(coding).has_any(sequence) else Progress.DONE, "it was taken back before it was sent"
                )
            if places[-1] != sequence:
                return Outcome(Progress.OVERTAKEN)
            post = self._post(task)
            stands = _standing(post, [self._question(task, remark, one) for one in places[:-1]]) if post else None
            return _outcome(stands or ask(self._question(task, remark, sequence), post))

    def withdraw(self, task: Task) -> Outcome:
        """Take back at the EHR what a decision took back, however often it had been asked; nothing where it stands again."""
        coding, sequence = task.coding, task.follow_up.sequence
        with self._held(coding):
            opened = self._opened(task)
            question = taken_back_by(opened.history, sequence)
            asked = _asked(opened.history, question)
            if asked is None or question_of(opened.review, question):
                return Outcome(Progress.OVERTAKEN)
            post = self._post(task)
            sent = [self._question(task, asked, one) for one in askings(opened.history, question) if one < sequence]
            return _outcome(join(withdraw(one, post, self._now()) for one in sent))

    def _held(self, coding: StoredEncounter) -> AbstractContextManager[None]:
        """So that a question is not sent while it is withdrawn."""
        return self._memory.exclusively(coding.tenant, coding.ehr, coding.encounter_reference.rpartition("/")[2] or coding.id)

    def _opened(self, task: Task) -> OpenedReview:
        """The review as it stands now that nobody else sends: the decisions may be more than when the duty was taken up."""
        return self._reviews.find(task.coding.tenant, task.coding.id) or task.opened

    def _post(self, task: Task) -> Post | None:
        coding, client = task.coding, task.access.client
        whom = Whom(coding.patient_reference, coding.encounter_reference)
        return Post(client, whom, self._kept(coding), task.access.withheld) if client else None

    def _kept(self, coding: StoredEncounter) -> KeptQuestions:
        return KeptQuestions(self._deliveries, coding, self._follow_ups_of(coding.tenant, coding.id))

    def _question(self, task: Task, remark: Remark, sequence: int) -> Question:
        """``sequence`` is the decision that asks it: the question itself, or an undo that let it stand again."""
        coding = task.coding
        return Question(
            key=_key(coding, sequence),
            patient=coding.patient_reference,
            encounter=coding.encounter_reference,
            provider=task.access.source.facts(coding).provider,
            asked_by=practitioner(remark.by),
            asked_at=remark.at,
            text=remark.text,
        )


@dataclass(frozen=True, slots=True)
class KeptQuestions:
    """What was sent for one coding; a :class:`fhir_coder.asking.post.Kept`."""

    deliveries: Remembers
    coding: StoredEncounter
    follow_ups: Iterable[FollowUp]

    def earlier(self) -> Earlier:
        """From what is kept; where nothing is, from the Task that a duty names."""
        found = read_earlier(self.deliveries.of_coding(self.coding.tenant, self.coding.id))
        named = {
            f"{_key(self.coding, one.sequence)}.{one.reference.partition('/')[0].lower()}": EarlierWrite(one.reference)
            for one in self.follow_ups
            if one.duty.kind is Kind.QUERY and one.reference
        }
        return replace(found, writes=named | dict(found.writes))

    def has_any(self, sequence: int) -> bool:
        """Whether anything of a question was sent, or may have been."""
        found, key = self.earlier(), f"{_key(self.coding, sequence)}."
        return any(one.startswith(key) for one in (*found.writes, *found.begun, *found.present))

    def begin(self, bundle: Resource, begun: Resource) -> int:
        """Keep what is about to be sent."""
        return self.deliveries.begin(self.coding.tenant, self.coding.id, bundle, begun)

    def keep(self, bundle: Resource, receipt: Resource, number: int) -> None:
        """Keep the answer."""
        self.deliveries.keep(self.coding.tenant, self.coding.id, bundle, receipt, number)


def question_of(review: Review, sequence: int) -> Remark | None:
    """The question that a decision asked, unless it was taken back."""
    return next((one for one in review.questions if one.sequence == sequence), None)


def is_of_question(coding: StoredEncounter, history: Sequence[Recorded], follow_up: FollowUp, identifier: str) -> bool:
    """Whether a resource of ours is the question that a duty is about, or its withdrawal, by its identifier."""
    sequence = follow_up.sequence
    question = (taken_back_by if follow_up.duty.kind is Kind.WITHDRAWAL else asked_by)(history, sequence)
    return identifier.startswith(tuple(f"{_key(coding, one)}." for one in askings(history, question)))


def is_of_questions(coding: StoredEncounter, identifier: str) -> bool:
    """Whether it is any question of a coding."""
    return identifier.startswith(_key(coding, 0).removesuffix("0"))


def _key(coding: StoredEncounter, sequence: int) -> str:
    return question_key(coding.tenant, coding.encounter_reference, coding.id, sequence)


def _remark(opened: OpenedReview, sequence: int) -> Remark | None:
    return question_of(opened.review, asked_by(opened.history, sequence))


def _asked(history: Sequence[Recorded], sequence: int) -> Remark | None:
    """The words of a question, whether or not it stands."""
    found = next((one for one in history if one.sequence == sequence), None)
    return Remark(found.sequence, found.at, found.by, found.decision.text) if found else None


def _standing(post: Post, earlier: Iterable[Question]) -> Asked | None:
    """What stands at the EHR of an earlier asking that was not withdrawn there, or may stand: asking again would double it."""
    for one in earlier:
        task = post.find("Task", name(one, "task"))
        if task and (is_open(task) or task.get("status") == "completed"):
            return Asked(Standing.THERE, address_of(task), "it stands at the EHR as before: nothing was sent again")
        if task:
            continue
        words = post.find("Communication", name(one, "communication"))
        if words and not post.find("Communication", name(one, "withdrawal")):
            return Asked(Standing.THERE, address_of(words), "it stands at the EHR as before: nothing was sent again")
        if not words and any(post.is_in_doubt(kind, name(one, kind.lower())) for kind in TYPES):
            return unsure("it")
    return None


def _outcome(asked: Asked) -> Outcome:
    return Outcome(_PROGRESS[asked.standing], asked.detail, asked.reference)
