"""The codes that we assign against those that the EHR holds for the encounter already: agreed, more specific, added, or unsupported.

Nothing here decides anything: the lines are for the reviewer, and write-back proposes no code anew that a clinician recorded. What this
software proposed earlier is not a clinician's diagnosis and is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from fhir_coder.combinations import is_combined_in
from fhir_coder.model import Agreement, Reconciled, RecordedDiagnosis
from terminology.codebook import Codebook
from terminology.detail import is_more_specific


def with_ours_known(recorded: Iterable[RecordedDiagnosis], addresses: Collection[str]) -> tuple[RecordedDiagnosis, ...]:
    """The diagnoses, those at the ``addresses`` that this software wrote marked as its own: an EHR that lost our identifier gives a proposal of
    ours back as if a clinician had recorded it."""
    return tuple(replace(one, is_ours=True) if one.reference in addresses else one for one in recorded)


def reconcile(recorded: Iterable[RecordedDiagnosis], assigned: Sequence[str], codebook: Codebook) -> tuple[Reconciled, ...]:
    """One line or more for each assigned code, in claim order, then one for each recorded diagnosis that no assigned code accounts for.

    ``assigned`` are canonical billable codes. A recorded code may be spelled without its dot or in small letters; one that the release does
    not know is unsupported. A recorded code that is assigned as it stands is agreed and no coarser form of another. A combination code accounts
    for the code it replaces (guideline I.B.9).
    """
    theirs = [(codebook.normalize(one.code) or "", one) for one in recorded if not one.is_ours]
    open_ones = [(code, one) for code, one in theirs if code and code not in assigned]
    lines = [line for code in assigned for line in _lines(code, theirs, open_ones, codebook)]
    accounted = {line.recorded for line in lines}
    lines += [Reconciled(Agreement.UNSUPPORTED, "", one) for _, one in theirs if one not in accounted]
    return tuple(lines)


def _lines(
    code: str, theirs: list[tuple[str, RecordedDiagnosis]], open_ones: list[tuple[str, RecordedDiagnosis]], codebook: Codebook
) -> Iterator[Reconciled]:
    agreed = [one for other, one in theirs if other == code]
    coarser = [one for other, one in open_ones if is_more_specific(codebook, code, other) or is_combined_in(other, code)]
    if agreed:
        yield from (Reconciled(Agreement.AGREED, code, one) for one in agreed)
    elif coarser:
        yield from (Reconciled(Agreement.MORE_SPECIFIC, code, one) for one in coarser)
    else:
        yield Reconciled(Agreement.ADDED, code)


def agreed_conditions(lines: Iterable[Reconciled]) -> dict[str, str]:
    """Assigned code to the reference of the clinician's Condition that holds it; a code whose Condition has no address is left out."""
    found: dict[str, str] = {}
    for line in lines:
        if line.agreement is Agreement.AGREED and line.recorded and line.recorded.reference:
            found.setdefault(line.code, line.recorded.reference)
    return found
