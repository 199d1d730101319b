"""The whole calibration: evidence in, a floor and a curve out, with what they reach on encounters that they were not found on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_coder.confidence import Curve
from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.recalibration.curve import Refit, refit
from fhir_coder.recalibration.evidence import MOST_OF_ONE_PERSON, Evidence, gather, require_enough
from fhir_coder.recalibration.floor import Reached, confirm, reached, sequence


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator asks for. ``target``: the precision, 0.5 to 1, that the interval of what reaches the floor must lie at or above."""

    target: float = 0.95
    refit: bool = False
    with_unopened: bool = False


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration that holds. ``found`` is what reaches its floor of the older encounters, ``confirmed`` of the newest; ``refit`` is None where none was wanted."""

    wanted: Wanted
    evidence: Evidence
    found: Reached
    confirmed: Reached
    refit: Refit | None

    @property
    def curve(self) -> Curve:
        """What probabilities are read by."""
        return self.refit.curve if self.refit else Curve()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the operator should know before using it."""
        told = []
        if (share := self.evidence.share_of_one_person) > MOST_OF_ONE_PERSON:
            told.append(f"one person signed {share:.0%} of the encounters: this is that person's judgment")
        if self.evidence.with_unopened:
            told.append(f"{self.evidence.unopened} codes count as kept that nobody accepted one by one")
        return tuple(told)


def calibrate(outcomes: Iterable[SignedOutcome], wanted: Wanted) -> Calibrated:
    """Find what may be tried on the older encounters, and what of it stands on the newest; the same outcomes give the same. Raises
    :class:`fhir_coder.recalibration.evidence.Refused`."""
    evidence = gather(outcomes, wanted.with_unopened)
    require_enough(evidence)
    older, newest = evidence.parts
    redrawn = refit(older, newest) if wanted.refit else None
    curve = redrawn.curve if redrawn else Curve()
    confirmed = confirm(sequence(older, wanted.target, curve), newest, wanted.target, curve)
    return Calibrated(wanted, evidence, reached(older, confirmed.floor, curve), confirmed, redrawn)
