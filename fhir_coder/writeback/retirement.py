"""What earlier codings wrote and this one does not propose: taken back, where nobody else had a hand in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.exchange import Resource
from fhir_coder.writeback.ehr_writer import Offer
from fhir_coder.writeback.names import address_of, has_verifier, plain_code, token_in
from fhir_coder.writeback.provenance import retirement_provenance
from fhir_coder.writeback.revision import Left, cancel_claim, cancel_task, retire_condition
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
        if plain_code(code) in map(plain_code, self.terms.codes) or token_in(current.get("verificationStatus")) == "entered-in-error":
            return
        revise = retire_condition(code, earlier, is_signed=self.terms.signature is not None)
        outcome = verified(self.survey, current) or revise(current, current)
        url = f"retired:{address_of(current)}"
        said = f"{code} was signed away" if self.terms.signature else f"{code} is no longer proposed"
        if isinstance(outcome, Left) or not self.offer.can("Condition", "update"):
            why = outcome.why if isinstance(outcome, Left) else "the EHR does not offer update for Condition"
            yield Step(Action.LEAVE, url, current, current, sentence=f"{said}; the Condition was left as it is: {why}")
            return
        yield Step(Action.REVISE, url, current, current, revise, "Retired", f"{said}.")
        if self.offer.can("Provenance", "create"):
            name = f"{self.terms.key}.provenance.{code}.retired"
            provenance = retirement_provenance(name, current, self.instant, self.terms.signature)
            yield Step(Action.CREATE, f"{url}:provenance", provenance, follows=url)

    def _cancelled(self, name: str, current: Resource) -> Iterator[Step]:
        if current.get("status") != "requested":
            return
        revise = cancel_task(self.terms.earlier.writes.get(name), self.instant)
        outcome = revise(current, current)
        url = f"retired:{address_of(current)}"
        if isinstance(outcome, Left) or not self.offer.can("Task", "update"):
            why = outcome.why if isinstance(outcome, Left) else "the EHR does not offer update for Task"
            yield Step(Action.LEAVE, url, current, current, sentence=f"No review is asked for any more; the Task was left as it is: {why}")
        else:
            yield Step(Action.REVISE, url, current, current, revise, "Retired", "No review is asked for any more.")

    def _withdrawn_claim(self, name: str, current: Resource) -> Iterator[Step]:
        """A Claim of an earlier coding where none may be made any more."""
        if current.get("status") == "cancelled":
            return
        revise = cancel_claim(self.terms.earlier.writes.get(name), is_signed=self.terms.signature is not None)
        outcome = revise(current, current)
        url = f"retired:{address_of(current)}"
        if isinstance(outcome, Left) or not self.offer.can("Claim", "update"):
            why = outcome.why if isinstance(outcome, Left) else "the EHR does not offer update for Claim"
            yield Step(Action.LEAVE, url, current, current, sentence=f"No Claim is proposed any more; withdraw it by hand: {why}")
        else:
            word = VOIDED if self.terms.is_void else "Retired"
            yield Step(Action.REVISE, url, current, current, revise, word, "No Claim is proposed any more.")
