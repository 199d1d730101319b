"""What earlier codings wrote and this one does not propose: taken back, where nobody else had a hand in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.exchange import Resource
from fhir_coder.writeback.ehr_writer import Offer
from fhir_coder.writeback.names import address_of, has_verifier, plain_code, token_in
from fhir_coder.writeback.provenance import retirement_provenance
from fhir_coder.writeback.revision import Left, Revise, cancel_claim, cancel_task, retire_condition
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import Survey
from fhir_coder.writeback.terms import VOIDED, Terms


def verified(survey: Survey, current: Resource) -> Left | None:
    """Why its Provenances forbid a change: they name a verifier, or the EHR did not give them."""
    if address_of(current) in survey.failures:
        return Left("the EHR did not say who verified it")
    is_verified = has_verifier(survey.provenances.get(address_of(current), ()))
    return Left("a Provenance names who verified it") if is_verified else None


@dataclass(frozen=True, slots=True)
class Retiring:
    """``instant`` is when, as a FHIR instant."""

    survey: Survey
    offer: Offer
    terms: Terms
    instant: str

    def steps(self, proposed: set[str]) -> Iterator[Step]:
        """Conditions and the Task of earlier codings that are not proposed any more, each with the Provenance of its retirement."""
        for name, current in self.survey.existing.items():
            if name in proposed or not self.terms.key:
                continue
            if current["resourceType"] == "Task":
                yield from self._cancelled(name, current)
            elif current["resourceType"] == "Claim":
                yield from self._withdrawn_claim(name, current)
            elif current["resourceType"] == "Condition":
                yield from self._retired(name, current)

    def _retired(self, name: str, current: Resource) -> Iterator[Step]:
        code, earlier = name.removeprefix(f"{self.terms.key}.condition."), self.terms.earlier.writes.get(name)
        if plain_code(code) in map(plain_code, self.terms.codes):
            return
        if token_in(current.get("verificationStatus")) == "entered-in-error":
            yield from self._adopted(current, "Retired")
            return
        revise = retire_condition(code, earlier, is_signed=self.terms.signature is not None)
        why = verified(self.survey, current) or _why(revise(current, current))
        said = f"{code} was signed away" if self.terms.signature else f"{code} is no longer proposed"
        step = self._step(current, revise, "Retired", f"{said}.", f"{said}; the Condition was left as it is", why)
        yield step
        if step.action is Action.REVISE and self.offer.can("Provenance", "create"):
            provenance = retirement_provenance(f"{self.terms.key}.provenance.{code}.retired", current, self.instant, self.terms.signature)
            yield Step(Action.CREATE, f"{step.full_url}:provenance", provenance, follows=step.full_url)

    def _cancelled(self, name: str, current: Resource) -> Iterator[Step]:
        if current.get("status") != "requested":
            return
        revise, said = cancel_task(self.terms.earlier.writes.get(name), self.instant), "No review is asked for any more"
        yield self._step(current, revise, "Retired", f"{said}.", f"{said}; the Task was left as it is", _why(revise(current, current)))

    def _withdrawn_claim(self, name: str, current: Resource) -> Iterator[Step]:
        """A Claim of an earlier coding where none may be made any more."""
        word = VOIDED if self.terms.is_void else "Retired"
        if current.get("status") == "cancelled":
            yield from self._adopted(current, word)
            return
        revise = cancel_claim(self.terms.earlier.writes.get(name), is_signed=self.terms.signature is not None)
        said = "No Claim is proposed any more"
        yield self._step(current, revise, word, f"{said}.", f"{said}; withdraw it by hand", _why(revise(current, current)))

    def _step(self, current: Resource, revise: Revise, word: str, sentence: str, is_left: str, why: Left | None) -> Step:
        """Take it back; or leave it, and say whether that is because of somebody's hand in it (``why``), of the token, or of the EHR."""
        kind, url = current["resourceType"], f"retired:{address_of(current)}"
        if why is not None:
            return Step(Action.LEAVE, url, current, current, sentence=f"{is_left}: {why.why}")
        if self.terms.withholds_update(kind):
            return Step(Action.OMIT, url, current, current, sentence=f"{is_left}: {not_allowed(kind)}")
        if not self.offer.can(kind, "update"):
            why_not = f"the EHR does not offer update for {kind}"
            return Step(Action.LEAVE, url, current, current, sentence=f"{is_left}: {why_not}", issue="not-supported")
        return Step(Action.REVISE, url, current, current, revise, word, sentence)

    def _adopted(self, current: Resource, word: str) -> Iterator[Step]:
        """What an attempt that was cut short took back: the receipt says it now."""
        if address_of(current) in self.terms.earlier.adopted:
            yield Step(Action.ADOPT, f"retired:{address_of(current)}", current, current, word=word)


def not_allowed(kind: str) -> str:
    """Why a resource of a type is not changed where the token does not allow it; whether the EHR would is not asked here."""
    return f"The token does not allow update for {kind}, or the EHR offers none."


def _why(outcome: Resource | Left) -> Left | None:
    return outcome if isinstance(outcome, Left) else None
