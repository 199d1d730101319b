"""Telling the reviews of an encounter that what was coded is withdrawn at the EHR: once for each change, and never while a person works on one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

from fhir_coder.discovery.watched import Watched, Why
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Act, Decision, Recorded
from fhir_coder.worklist.following import Duty
from fhir_coder.worklist.review import Review
from fhir_coder.worklist.withdrawing import on_withdrawal

_WORDS = {
    Why.NO_NOTE: "A note that was coded is withdrawn at the EHR, and there is no other that can be coded in its place.",
    Why.NOT_A_VISIT: "The visit is cancelled or entered in error at the EHR.",
    Why.DELETED: "The visit is deleted at the EHR.",
}


class Stands(Protocol):
    """What this needs of :class:`fhir_coder.store.standing.StandingCodings`."""

    def of(self, tenant: str, ehr: str, encounter_reference: str) -> tuple[str, ...]:
        """The codings of an encounter that stand."""


class Decides(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def decide_within(
        self, connection: Any, tenant: str, coding_id: str, decisions: Callable[[Review], Sequence[Decision]], duties: Sequence[Duty] = ()
    ) -> bool:
        """Decide on a review in a transaction."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told of codings (their ids), with what a reopening of each brings about. ``version`` stands for the encounter as it is now."""

    text: str
    version: str
    codings: tuple[tuple[str, tuple[Duty, ...]], ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """Of one EHR. ``get`` gives a coding by its id, ``duties`` what a reopening of it brings about outside the review, ``carry_out`` does what is due of one."""

    tenant: str
    ehr: str
    standing: Stands
    reviews: Decides
    get: Callable[[str, str], StoredEncounter | None]
    duties: Callable[[StoredEncounter, Decision, Sequence[Recorded]], tuple[Duty, ...]]
    carry_out: Callable[[str], object]

    def news(self, one: Watched, why: Why, rests_on_it: Callable[[StoredEncounter], bool] = lambda coding: True) -> News | None:
        """None where nobody coded the encounter, where its codings do not rest on what is withdrawn, and where they were told of it as it is now."""
        ids = self.standing.of(self.tenant, self.ehr, f"Encounter/{one.encounter}")
        version = sha256(f"withdrawn {why} {ids[0]}".encode()).hexdigest() if ids else ""
        if one.version == version or why not in _WORDS:
            return None
        reopening = Decision(Act.REOPEN)
        found = [coding for each in ids if (coding := self.get(self.tenant, each)) and rests_on_it(coding)]
        return News(_WORDS[why], version, tuple((coding.id, self.duties(coding, reopening, ())) for coding in found)) if found else None

    def tell(self, connection: Any, news: News) -> list[str]:
        """The codings whose reviews were held by this. Raises Conflict while a person works on one."""
        decisions = partial(on_withdrawal, text=news.text)
        return [coding for coding, duties in news.codings if self.reviews.decide_within(connection, self.tenant, coding, decisions, duties)]
