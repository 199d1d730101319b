"""What people decided on proposed codes, as evidence of how often a probability is right; and when there is too little of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.worklist.review import Verdict

LEAST_ENCOUNTERS = 200
"""Signed encounters with a decided code. Patients bound what is known, and 30 % of these encounters, 60, are the most that are held out."""
LEAST_CODES = 1000
"""Decided codes: at a precision of 0.95 the 95 % interval is then 2.7 points wide in all, and 5 points wide over 300 held-out ones (normal approximation)."""
LEAST_WRONG = 50
"""Codes that people did not keep: the standard error of the share of wrong ones is then a seventh of it (Poisson, 1 / sqrt(50))."""
MOST_OF_ONE_PERSON = 0.9
"""A greater share of the encounters signed by one person is that person's habit rather than the site's."""
OLDER_SHARE = 0.7
"""Of the encounters in order of signature: what is fitted on. The newest of other patients are held out, and what is reported is of these."""


class Refused(Exception):
    """The data do not carry a calibration. The message is for the operator and holds counts only."""


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What probabilities come from: the versions of ranker and embedding model. Those of another pair mean something else."""

    ranker: str
    model: str


@dataclass(frozen=True, slots=True)
class DecidedCode:
    """A proposed code: the probability it was proposed with, and whether people signed it."""

    probability: float
    is_kept: bool


@dataclass(frozen=True, slots=True)
class DecidedEncounter:
    """One signed encounter. ``is_exact``: what was signed is what was proposed; ``all_codes`` are the probabilities of all proposed codes, undecided ones too;
    ``patient`` tells patients apart, and is empty where none is known."""

    codes: tuple[DecidedCode, ...]
    all_codes: tuple[float, ...]
    is_exact: bool
    patient: str
    signer: str
    signed_on: date
    release: str
    engine: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Encounters in order of signature, oldest first. ``unopened`` counts codes that stood at sign-off and that nobody accepted one by one;
    ``of_others`` encounters that another ranker or model coded, ``signed_again`` sign-offs of encounters that were coded and signed once more."""

    made_by: MadeBy
    encounters: tuple[DecidedEncounter, ...]
    unopened: int
    with_unopened: bool
    of_others: int
    signed_again: int

    @property
    def codes(self) -> int:
        """Decided codes."""
        return sum(len(one.codes) for one in self.encounters)

    @property
    def wrong(self) -> int:
        """Decided codes that were not signed."""
        return sum(not code.is_kept for one in self.encounters for code in one.codes)

    @property
    def parts(self) -> tuple[tuple[DecidedEncounter, ...], tuple[DecidedEncounter, ...]]:
        """The older part, which is fitted on, and of the newest those whose patient it lacks, which are held out: a patient's chronic conditions and
        the ways of who documents them come again with every visit."""
        older, newest = self._cut
        known = {one.patient for one in older if one.patient}
        return older, tuple(one for one in newest if one.patient not in known)

    @property
    def known_patients(self) -> int:
        """Encounters of the newest part that are not held out, as their patient is one of the older part."""
        return len(self._cut[1]) - len(self.parts[1])

    @property
    def share_of_one_person(self) -> float:
        """The greatest share of the encounters that one person signed."""
        signers = Counter(one.signer for one in self.encounters)
        return max(signers.values(), default=0) / max(1, len(self.encounters))

    @property
    def _cut(self) -> tuple[tuple[DecidedEncounter, ...], tuple[DecidedEncounter, ...]]:
        cut = int(len(self.encounters) * OLDER_SHARE)
        return self.encounters[:cut], self.encounters[cut:]


class _Standing(Enum):
    KEPT = "kept"
    WRONG = "wrong"
    UNOPENED = "unopened"


def gather(outcomes: Iterable[SignedOutcome], with_unopened: bool = False) -> Evidence:
    """The evidence of signed outcomes that the ranker and model of the newest coded. Raises Refused where no outcome tells these.

    A code that stood at sign-off without having been accepted is weak evidence, as nobody need have looked at it: it counts only ``with_unopened``. Of an
    encounter that was coded again and signed again only the last sign-off counts: it is one encounter, which must not lie in both parts.
    """
    known = [one for one in outcomes if one.versions.get("ranker") and one.versions.get("model")]
    if not known:
        raise Refused("too few decisions: no signed encounter tells which model coded it")
    known.sort(key=_when)
    made_by = _made_by(known[-1])
    own = [one for one in known if _made_by(one) == made_by]
    last = list({_encounter(one): one for one in own}.values())
    decided = [_decided(one, with_unopened) for one in sorted(last, key=_when)]
    unopened = sum(_standing(one, code.code) is _Standing.UNOPENED for one in last for code in one.proposed)
    return Evidence(
        made_by, tuple(one for one in decided if one.codes), unopened, with_unopened, len(known) - len(own), len(own) - len(last)
    )


def require_enough(evidence: Evidence) -> None:
    """Raises Refused, naming every count that falls short."""
    counted = (
        (len(evidence.encounters), LEAST_ENCOUNTERS, "signed encounters with decided codes"),
        (evidence.codes, LEAST_CODES, "decided codes"),
        (evidence.wrong, LEAST_WRONG, "codes that people did not keep"),
    )
    short = [f"{count} {what} of {least}" for count, least, what in counted if count < least]
    if short:
        raise Refused(f"too few decisions: {'; '.join(short)}")


def _when(outcome: SignedOutcome) -> tuple[datetime, str]:
    return outcome.signed_at, outcome.coding_id


def _encounter(outcome: SignedOutcome) -> tuple[str, str]:
    """What is the same for codings of one encounter; a coding without the EHR's reference is one by itself."""
    return outcome.ehr, outcome.encounter_reference or outcome.coding_id


def _made_by(outcome: SignedOutcome) -> MadeBy:
    return MadeBy(outcome.versions["ranker"], outcome.versions["model"])


def _decided(outcome: SignedOutcome, with_unopened: bool) -> DecidedEncounter:
    standings = [(one.probability, _standing(outcome, one.code)) for one in outcome.proposed]
    counted = {_Standing.KEPT, _Standing.WRONG} | ({_Standing.UNOPENED} if with_unopened else set())
    return DecidedEncounter(
        tuple(DecidedCode(probability, how is not _Standing.WRONG) for probability, how in standings if how in counted),
        tuple(one.probability for one in outcome.proposed),
        {one.code for one in outcome.proposed} == set(outcome.final_codes),
        f"{outcome.ehr} {outcome.patient_reference}" if outcome.patient_reference else "",
        f"{outcome.decided_by.issuer} {outcome.decided_by.id}",
        outcome.signed_at.date(),
        outcome.release_id,
        outcome.engine_version,
    )


def _standing(outcome: SignedOutcome, code: str) -> _Standing:
    signed = next((one for one in outcome.final if one.code == code), None)
    if signed is None:
        return _Standing.WRONG
    return _Standing.KEPT if signed.verdict is Verdict.ACCEPTED else _Standing.UNOPENED
