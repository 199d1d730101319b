"""What an edit returns for each fault it sees; the runner adds id, name, severity and source."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.model import Evidence, ProviderQuery


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the codes concerned (as on the claim), what is wrong and what to do, and the words it rests on.

    ``detail`` names codes, facts and the remedy, never words of a note; those travel in ``evidence`` and ``query`` only.
    """

    codes: tuple[str, ...]
    detail: str
    evidence: tuple[Evidence, ...] = ()
    query: ProviderQuery | None = None
