"""Whether the service lines that a decision names are lines of the encounter."""

from __future__ import annotations

from fhir_coder.errors import InvalidContent
from fhir_coder.review.tabular import facts_of
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Decision


def require_lines(decision: Decision, coding: StoredEncounter) -> None:
    """Raises InvalidContent for a line that the encounter does not have. Where the store has no facts of it, nobody knows, and nothing is raised."""
    facts = facts_of(coding) if decision.lines else None
    if facts and max(decision.lines) > len(facts.services):
        raise InvalidContent(f"the encounter has {len(facts.services)} service lines, and none of that number")
