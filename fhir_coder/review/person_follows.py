"""What follows a person's decisions, done in the request that made them and with that person's access."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from flask import request

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.review.makers import maker_of
from fhir_coder.review.session import ReviewSession
from fhir_coder.signing.access import Access
from fhir_coder.signing.following import Following
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Decision, Recorded
from fhir_coder.worklist.following import Duty, FollowUp


class PersonFollows:
    """A :class:`fhir_coder.review.following_up.FollowsUp`. ``access_of`` gives what a session may reach of the EHR of a coding."""

    def __init__(self, following: Following, access_of: Callable[[ReviewSession, StoredEncounter], Access]) -> None:
        self._following = following
        self._access_of = access_of

    def duties(self, session: ReviewSession, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
        """What a decision brings about that is made after a history."""
        return self._following.duties(coding, decision, history)

    def carry_out(self, session: ReviewSession, coding: StoredEncounter, is_asked: bool = False) -> None:
        """Do what is due for a coding; ``is_asked``: also what waits for its next attempt or was left to a person."""
        self._following.carry_out(coding.tenant, partial(self._access, session), coding.id, is_asked)

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        """How all of a coding stand, oldest first."""
        return self._following.of(tenant, coding_id)

    def resolve(self, session: ReviewSession, coding: StoredEncounter, key: int, is_there: bool) -> bool:
        """Write down what this person found at the EHR."""
        return self._following.resolve(coding, key, is_there)

    def query_text(self, coding: StoredEncounter, sequence: int) -> str:
        """The question of that decision."""
        return self._following.query_text(coding, sequence)

    def _access(self, session: ReviewSession, coding: StoredEncounter) -> Access:
        """In the name of the person, whoever's token it is."""
        maker = maker_of(session, request)
        agent = Agent(AgentKind.PERSON, maker.person.id, maker.person.issuer)
        return replace(self._access_of(session, coding), agent=agent, request_id=maker.request_id, address=maker.address)
