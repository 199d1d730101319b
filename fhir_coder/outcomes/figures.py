"""The figures of some codings: how many, how long, how often passed, and how far people agreed. ``docs/dashboard.md`` defines each."""

from __future__ import annotations

from dataclasses import dataclass, field

from fhir_coder.model import Outcome
from fhir_coder.outcomes.outcome import CodedLine
from fhir_coder.outcomes.shares import Share, quantile
from fhir_coder.outcomes.signed_line import SignedLine


@dataclass(frozen=True, slots=True)
class Figures:
    """``passed`` is of all that were coded; everything else is of those that were signed.

    ``median_s`` and ``ninth_s`` are the median and the 90th percentile of the seconds from coded to signed, None of none. ``agreed`` is of all codes that
    were proposed or signed, ``precise`` of the proposed, ``recalled`` of the signed: each counts the codes that are both, once for each
    encounter. ``unchanged`` are encounters signed with the codes that were proposed, in any order; ``unseen`` are signed codes that nobody accepted one by one.
    """

    passed: Share
    signed: int
    median_s: float | None
    ninth_s: float | None
    agreed: Share
    precise: Share
    recalled: Share
    unchanged: Share
    unseen: Share


@dataclass(slots=True)
class Tally:
    """Counts up to :class:`Figures`, so that many groups take one way through the outcomes."""

    _coded: int = 0
    _passed: int = 0
    _kept: int = 0
    _proposed: int = 0
    _final: int = 0
    _either: int = 0
    _unchanged: int = 0
    _unseen: int = 0
    _turnarounds: list[float] = field(default_factory=list)

    def coded(self, line: CodedLine) -> None:
        """One more coding."""
        self._coded += 1
        self._passed += line.disposition is Outcome.PASS

    def signed(self, line: SignedLine) -> None:
        """One more signed coding."""
        counted = line.counted
        proposed, final = {code for code, _ in counted.proposed}, set(counted.final)
        self._kept += len(proposed & final)
        self._proposed += len(proposed)
        self._final += len(final)
        self._either += len(proposed | final)
        self._unchanged += proposed == final
        self._unseen += counted.unseen
        self._turnarounds.append(line.turnaround_s)

    def figures(self) -> Figures:
        """What was counted so far."""
        signed = len(self._turnarounds)
        return Figures(
            passed=Share(self._passed, self._coded),
            signed=signed,
            median_s=quantile(self._turnarounds, 0.5),
            ninth_s=quantile(self._turnarounds, 0.9),
            agreed=Share(self._kept, self._either),
            precise=Share(self._kept, self._proposed),
            recalled=Share(self._kept, self._final),
            unchanged=Share(self._unchanged, signed),
            unseen=Share(self._unseen, self._final),
        )
